public import Basics
internal import Files
internal import Programs

/// A unified kernel image: systemd's stub for UEFI with the kernel, its command line and the initramfs in sections of their own.
public struct UnifiedKernelImage: Sendable {
    /// Where systemd has its programs for UEFI.
    public static let usualStubs = "/usr/lib/systemd/boot/efi"
    public static let stubFile = "linuxx64.efi.stub"

    private let stub: [UInt8]
    private let stubName: String
    private let kernel: [UInt8]
    private let osRelease: [UInt8]
    private let commandLine: [UInt8]
    private let release: String
    private let time: Int

    /// `stubHint` says what brings systemd's stub where it is missing.
    public init(
        _ recipe: Recipe, stubHint: String = "install the package 'systemd-boot-efi' (Debian) or 'systemd'"
    ) throws(Failure) {
        let tree = recipe.tree
        func first(_ paths: [String], _ what: String, hint: String) throws(Failure) -> (bytes: [UInt8], name: String) {
            for path in paths.compactMap({ Path($0) }) {
                if let bytes = try tree.contents(of: path) { return (bytes, tree.show(path)) }
            }
            throw Failure("could not find \(what) in '\(tree.show(.top))'", hint: hint)
        }
        let ownStub = "\(recipe.stubs)/\(Self.stubFile)"
        if let bytes = try fileContents(ownStub), try tree.target(of: Path("\(Self.usualStubs)/\(Self.stubFile)") ?? .top) == nil {
            (stub, stubName) = (bytes, ownStub)
        } else {
            (stub, stubName) = try first(
                ["\(Self.usualStubs)/\(Self.stubFile)"], "systemd's stub", hint: stubHint)
        }
        release = recipe.release
        time = recipe.time
        kernel =
            if let kernel = recipe.kernel { kernel } else {
                try first(
                    ["lib/modules/\(release)/vmlinuz", "boot/vmlinuz-\(release)"], "the kernel '\(release)'",
                    hint: "it is looked for as boot/vmlinuz-\(release)"
                ).bytes
            }
        osRelease =
            if let osRelease = recipe.osRelease { osRelease } else {
                try first(["etc/os-release", "usr/lib/os-release"], "os-release", hint: "every system has one").bytes
            }
        var line = recipe.commandLine.map { Array($0.utf8) }
        if line == nil { line = try first(["etc/kernel/cmdline"], "a command line", hint: "give one with --cmdline").bytes }
        self.commandLine = Array((line ?? []).split(separator: UInt8(ascii: "\n")).joined(separator: [UInt8(ascii: " ")]))
        if commandLine.isEmpty {
            throw Failure("could not build a unified kernel image: its command line is empty", hint: "give one with --cmdline")
        }
        if commandLine.count > InitramfsImage.longestCommandLine {
            throw Failure(
                """
                could not build a unified kernel image: its command line has \(commandLine.count) bytes, and a kernel takes \
                \(InitramfsImage.longestCommandLine)
                """, hint: "leave out what is not needed")
        }
    }

    /// Fails where the content of a file is no EFI program, as the stub is one.
    package static func checkProgram(_ content: [UInt8], called name: String) throws(Failure) {
        _ = try PortableExecutable(content, name: name)
    }

    /// The image, by ukify(1), which signs it too where it is set up to, or by objcopy(1). It is read again before it is used.
    public func built(around initramfs: [UInt8]) async throws(Failure) -> [UInt8] {
        // Its parts are large, and nobody looks for what is left of them.
        try await Interruption.taken { () throws(Failure) in
            let image = try await build(around: initramfs)
            try Interruption.check()
            return image
        }
    }

    private func build(around initramfs: [UInt8]) async throws(Failure) -> [UInt8] {
        let folder = try TemporaryFolder()
        let parts = [(".osrel", osRelease), (".cmdline", commandLine), (".initrd", initramfs), (".linux", kernel)]
        for (name, content) in parts + [(".stub", stub)] { try replaceFile(folder.file(name), with: content) }
        let byUkify = try await runProgram(ukify(in: folder))
        let outcome =
            if let byUkify { byUkify } else {
                try await runProgram(objcopy(parts, into: PortableExecutable(stub, name: stubName), in: folder))
            }
        guard let outcome else {
            throw Failure(
                "could not build a unified kernel image: there is no program 'ukify' or 'objcopy'", hint: "install the package 'binutils'")
        }
        guard outcome.status == 0, var image = try fileContents(folder.file(".image"), limit: InitramfsImage.largest) else {
            throw Failure("could not build a unified kernel image: \(byUkify == nil ? "objcopy" : "ukify"): \(outcome.complaint)")
        }
        try PortableExecutable(image, name: "the unified kernel image").checkParts(parts)
        if byUkify == nil { image.setTime(time) }
        return image
    }

    private func ukify(in folder: TemporaryFolder) -> [String] {
        ["ukify", "build", "--stub", folder.file(".stub"), "--linux", folder.file(".linux"), "--initrd", folder.file(".initrd")]
            + ["--cmdline", "@" + folder.file(".cmdline"), "--os-release", "@" + folder.file(".osrel")]
            + ["--uname", release, "--output", folder.file(".image")]
    }

    /// Each part behind the stub's own sections, at a multiple of their alignment. The kernel is the last one, since it may be
    /// unpacked where it lies.
    private func objcopy(_ parts: [(name: String, content: [UInt8])], into stub: PortableExecutable, in folder: TemporaryFolder) -> [String]
    {
        let alignment = max(stub.sectionAlignment, 4096)
        var address = stub.sections.map(\.end).max() ?? 0
        var command = ["objcopy"]
        for (name, content) in parts {
            address = (address + alignment - 1) / alignment * alignment
            command += ["--add-section", "\(name)=\(folder.file(name))", "--change-section-vma", "\(name)=\(stub.imageBase + address)"]
            command += ["--set-section-flags", "\(name)=data,readonly"]
            address += content.count
        }
        return command + [folder.file(".stub"), folder.file(".image")]
    }
}

extension PortableExecutable {
    /// Fails where firmware would not load it, or the stub would not find the parts: they must be whole, apart and aligned. The
    /// stub's own sections need not be aligned.
    func checkParts(_ parts: [(name: String, content: [UInt8])]) throws(Failure) {
        var end = 0
        for section in sections.sorted(by: { $0.address < $1.address }) {
            let isPart = parts.contains { $0.name == section.name }
            if section.address < end || isPart && section.address % sectionAlignment != 0 {
                throw Failure("could not build a unified kernel image: section '\(section.name)' overlaps another or is not aligned")
            }
            end = section.end
        }
        for (name, content) in parts where self.content(of: name)?.starts(with: content) != true {
            throw Failure("could not build a unified kernel image: section '\(name)' is not what was put there")
        }
    }
}

extension [UInt8] {
    /// The time of an EFI program in place of the one at which objcopy ran. The check sum over it is none then; nobody asks.
    fileprivate mutating func setTime(_ time: Int) {
        guard let header = smallNumber(at: 0x3c, UInt32.self) else { return }
        for (offset, value) in [(header + 8, time), (header + 88, 0)] {
            for byte in 0..<4 { self[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
        }
    }
}
