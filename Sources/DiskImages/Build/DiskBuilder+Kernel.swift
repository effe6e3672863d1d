internal import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Glibc
internal import Images

extension DiskBuilder {
    /// Where `deploy` and a boot look for them in a top layer too.
    func copyKernel(_ kernel: String, of source: ImageSource) async throws(Failure) {
        let scratch = try workshop.open("scratch", label: "")
        for path in ["kernel", "kernel-work"] as [Path] { try scratch.makeDirectory(path) }
        let place = workshop.file("source")
        try mount(source, changesIn: ("kernel", "kernel-work"), at: place)
        defer { umount2(place, Int32(MNT_DETACH)) }
        let found = try source.files.kernel(of: kernel, isOnly: false)
        let other = try source.files.kernel(of: kernel, isOnly: true)
        guard let path = found ?? other, let content = try source.files.contents(of: path, limit: 1 << 30),
            let file = Path("boot/vmlinuz-\(kernel)")
        else { throw Failure("could not find the kernel \(kernel) in '\(source.image.reference)'") }
        try makeFolder(topLayer / "lib/modules", 0o755)
        try makeFolder(topLayer / "boot", 0o755)
        try root().write(content, mode: 0o644, to: topLayer / file)
        // Links are resolved in the image.
        guard let modules = try workshop.open("source", label: "").directory(at: Path("lib/modules/\(kernel)") ?? .top) else {
            throw Failure("could not find the modules of \(kernel) in '\(source.image.reference)'")
        }
        try await Tools.run(
            ["cp", "-a", "--", "\(modules.pathForPrograms)/.", "\(topLayerPlace)/lib/modules/\(kernel)"],
            to: "copy the modules of \(kernel)", withoutRoom: topLayerHint)
    }
}
