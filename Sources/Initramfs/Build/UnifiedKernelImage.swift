public import Basics

/// A unified kernel image: systemd's stub for UEFI with the kernel, its command line and the initramfs in sections of their own.
public struct UnifiedKernelImage: Sendable {
    private let stub: [UInt8]
    private let stubName: String
    private let kernel: [UInt8]
    private let osRelease: [UInt8]
    private let commandLine: [UInt8]

    /// `commandLine` nil is that of the tree's etc/kernel/cmdline.
    public init(_ recipe: Recipe, commandLine: String?) throws(Failure) {
        let tree = recipe.tree
        func first(_ paths: [String], _ what: String, hint: String) throws(Failure) -> (bytes: [UInt8], name: String) {
            for path in paths.compactMap({ Path($0) }) {
                if let bytes = try tree.contents(of: path) { return (bytes, tree.show(path)) }
            }
            throw Failure("could not find \(what) in '\(tree.show(.top))'", hint: hint)
        }
        (stub, stubName) = try first(
            ["usr/lib/systemd/boot/efi/linuxx64.efi.stub"], "systemd's stub",
            hint: "install the package 'systemd-boot-efi' (Debian) or 'systemd'")
        let release = recipe.release
        kernel = try first(
            ["lib/modules/\(release)/vmlinuz", "boot/vmlinuz-\(release)"], "the kernel '\(release)'",
            hint: "it is looked for as boot/vmlinuz-\(release)"
        ).bytes
        osRelease = try first(["etc/os-release", "usr/lib/os-release"], "os-release", hint: "every system has one").bytes
        var line = commandLine.map { Array($0.utf8) }
        if line == nil { line = try first(["etc/kernel/cmdline"], "a command line", hint: "give one with --cmdline").bytes }
        self.commandLine = (line ?? []).split(separator: UInt8(ascii: "\n")).joined(separator: [UInt8(ascii: " ")]) + [0]
    }

    /// The sections and their addresses: behind the stub's own, each at a multiple of its alignment. The kernel is the last one,
    /// since it may be unpacked where it lies.
    func layout(around initramfs: [UInt8]) throws(Failure) -> (sections: [(name: String, content: [UInt8], address: Int)], base: Int) {
        let program = try PortableExecutable(stub, name: stubName)
        let alignment = max(program.sectionAlignment, 4096)
        var address = program.sections.map(\.end).max() ?? 0
        var sections: [(name: String, content: [UInt8], address: Int)] = []
        for (name, content) in [(".osrel", osRelease), (".cmdline", commandLine), (".initrd", initramfs), (".linux", kernel)] {
            address = (address + alignment - 1) / alignment * alignment
            sections.append((name, content, address))
            address += content.count
        }
        return (sections, program.imageBase)
    }

    /// The image, by objcopy(1). It is read again: what is not as it was laid out is not used.
    public func built(around initramfs: [UInt8]) async throws(Failure) -> [UInt8] {
        let (sections, base) = try layout(around: initramfs)
        let folder = try TemporaryFolder()
        var command = ["objcopy"]
        for (name, content, address) in sections {
            let file = folder.path + "/" + name.dropFirst()
            try replaceFile(file, with: content)
            command += ["--add-section", "\(name)=\(file)", "--change-section-vma", "\(name)=\(base + address)"]
            command += ["--set-section-flags", "\(name)=data,readonly"]
        }
        let (source, result) = (folder.path + "/stub", folder.path + "/image")
        try replaceFile(source, with: stub)
        guard let outcome = try await runProgram(command + [source, result]) else {
            throw Failure("could not build a unified kernel image: there is no program 'objcopy'", hint: "install the package 'binutils'")
        }
        guard outcome.status == 0, let image = try fileContents(result, limit: sizeLimit) else {
            throw Failure("could not build a unified kernel image: objcopy: \(outcome.complaint)")
        }
        let built = try PortableExecutable(image, name: "the unified kernel image")
        try built.checkLayout()
        for (name, content, address) in sections {
            guard built.sections.contains(where: { $0.name == name && $0.address == address }), try built.content(of: name) == content
            else {
                throw Failure("could not build a unified kernel image: objcopy did not put section '\(name)' where it belongs")
            }
        }
        return image
    }
}

extension PortableExecutable {
    /// Fails where firmware would not load it: sections must be aligned and apart.
    func checkLayout() throws(Failure) {
        var end = 0
        for section in sections.sorted(by: { $0.address < $1.address }) {
            if section.address < end || section.address % sectionAlignment != 0 {
                throw Failure("could not build a unified kernel image: section '\(section.name)' overlaps another or is not aligned")
            }
            end = section.end
        }
    }
}
