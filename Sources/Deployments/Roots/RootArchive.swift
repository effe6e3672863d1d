package import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Images
internal import Planning
internal import Programs

/// A root in a file, for another machine.
package enum RootArchive: String, CaseIterable, Sendable {
    /// An image of one layer, as `docker load` and `podman load` read it: a tar of the layer's tar, its configuration and a manifest
    /// ("docker save" format, moby/docker-image-spec).
    case docker
    /// As `btrfs receive` reads it.
    case btrfs

    /// Writes a read-only subvolume as a whole file that only its owner may read: it has the root's secrets. `reference` is what an image
    /// is called when it is loaded; a stream has no name. Fails where the file is there, and where a signal came in the meantime; nothing is
    /// left then.
    package func write(_ tree: Directory, to path: String, as reference: ImageReference?) async throws(Failure) {
        var there = stat()
        // A symlink that leads nowhere is there, too.
        if lstat(path, &there) == 0 {
            throw .system("make the file '\(path)'", errno: EEXIST, hint: "name another one, or remove that")
        }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        if folder.count == path.count { throw Failure("could not make the file '\(path)': it is no file's name") }
        do throws(Failure) { try Self.checkPaths(of: tree) } catch {
            throw Failure("could not write '\(path)': \(error.message)", hint: error.hint)
        }
        try ExportDraft.sweep(folder.isEmpty ? "." : String(folder))
        let draft = try ExportDraft.make(in: String(folder), for: path)
        let file = draft.file
        defer { draft.remove() }
        do throws(Failure) {
            switch self {
            case .docker: try await writeImage(tree, to: file, as: reference)
            case .btrfs: if linux_btrfs_send(tree.descriptor, file) != 0 { throw .reason() }
            }
            if fsync(file) != 0 { throw .reason() }
            try Interruption.check()
            // Not every network filesystem can rename so.
            if renameat2(AT_FDCWD, draft.name, AT_FDCWD, path, UInt32(RENAME_NOREPLACE)) != 0 {
                if linux_errno() != EINVAL || link(draft.name, path) != 0 { throw .reason() }
            }
            try Self.sync(folder.isEmpty ? "." : String(folder))
        } catch {
            let room = try? FilesystemFacts(of: file).freeForAnybody
            // Not each program says so.
            let isFull = Interruption.signal == nil && room.map { $0 < 1 << 20 } ?? false
            throw Failure("could not write '\(path)': \(isFull ? "there is no room left" : error.message)", hint: error.hint)
        }
    }

    /// Fails where a path is so long that no program can name it: btrfs sends none of these, and tar makes what cannot be unpacked, or ends for
    /// want of a stack.
    private static func checkPaths(of tree: Directory) throws(Failure) {
        var waiting: [Path] = [.top]
        while let path = waiting.popLast() {
            try Interruption.check()
            var long: Path?
            try tree.directory(withoutLinks: path).search { (name, kind) throws(Failure) in
                let inner = path.appending(name: plainName(name))
                if inner.isTooLong { long = inner }
                if kind == .directory { waiting.append(inner) }
                return long != nil
            }
            guard let long else { continue }
            throw Failure(
                "it has a path of more than \(PATH_MAX - 1) bytes, which nothing could read back: '/\(display(long.bytes.prefix(100)))…'",
                hint: "remove it, or move what is deep in there up")
        }
    }

    private static func sync(_ path: String) throws(Failure) {
        let folder = linux_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        if folder < 0 { throw .reason() }
        defer { close(folder) }
        if fsync(folder) != 0 && linux_errno() != EINVAL { throw .reason() }
    }

    static let block = 512
    /// What the layer's archive is called in an image's.
    static let layer = "layer.tar"

    private func writeImage(_ tree: Directory, to file: Int32, as reference: ImageReference?) async throws(Failure) {
        // The header of the layer is written when its length is known.
        if lseek(file, off_t(Self.block), SEEK_SET) < 0 { throw .reason() }
        let options = [
            "--format=posix", "--pax-option=delete=atime,delete=ctime", "--numeric-owner", "--one-file-system", "--sort=name",
            // ACLs are among them, with numbers: by --acls tar writes the names that this machine has for them.
            "--xattrs", "--xattrs-include=*",
        ]
        let own = Mark.prefixes.map { "--xattrs-exclude=\($0)*" }
        let command = ["tar", "--create", "--file=-"] + options + own + ["--directory=\(tree.pathForPrograms)", "."]
        guard let outcome = try await runProgram(command, writingTo: file) else {
            throw Failure("there is no program 'tar'", hint: "install it")
        }
        if outcome.status != 0 { throw Failure(outcome.complaint(of: command[0])) }
        let end = lseek(file, 0, SEEK_END)
        let size = Int(end) - Self.block
        let layer = try Self.digest(of: file, in: Self.block..<Int(end))
        let now = Self.text(of: time(nil))
        let configuration = JSONOutput.object([
            ("architecture", .string(hostArchitecture)), ("os", .string("linux")), ("created", .string(now)),
            ("config", .object([("Cmd", .array([.string("/bin/sh")]))])),
            ("rootfs", .object([("type", .string("layers")), ("diff_ids", .array([.string(layer.description)]))])),
            ("history", .array([.object([("created", .string(now)), ("created_by", .string("docker-btrfs export"))])])),
        ]).line
        let name = "\(Digest.of(Array(configuration.utf8)).hex).json"
        let manifest = JSONOutput.array([
            .object([
                ("Config", .string(name)), ("RepoTags", .array(reference.map { [.string($0.description)] } ?? [])),
                ("Layers", .array([.string(Self.layer)])),
            ])
        ]).line
        var rest: [UInt8] = []
        for (name, text) in [(name, configuration), ("manifest.json", manifest)] {
            rest += Self.header(name, text.utf8.count) + Array(text.utf8)
            rest += [UInt8](repeating: 0, count: (Self.block - text.utf8.count % Self.block) % Self.block)
        }
        rest += [UInt8](repeating: 0, count: 2 * Self.block)
        let header = Self.header(Self.layer, size)
        // tar fills its last record: the length is one of whole blocks.
        guard size % Self.block == 0, linux_write_all(file, rest, rest.count), lseek(file, 0, SEEK_SET) == 0,
            linux_write_all(file, header, header.count)
        else { throw .reason() }
    }

    static func digest(of file: Int32, in range: Range<Int>) throws(Failure) -> Digest {
        var builder = Digest.Builder()
        var place = range.lowerBound
        while place < range.upperBound {
            try Interruption.check()
            let piece = try bytes(of: file, at: place, min(1 << 20, range.upperBound - place))
            if piece.isEmpty { throw Failure("it ends too early") }
            builder.add(piece)
            place += piece.count
        }
        return builder.digest()
    }

    /// The name and the length of a file in an archive, by a header as `header` makes it; nil for anything else.
    static func member(_ header: [UInt8]) -> (name: String, length: Int)? {
        guard header.count == block, header[257..<262].elementsEqual("ustar".utf8) else { return nil }
        let name = display(header[..<100].prefix { $0 != 0 })
        if header[124] == 0x80 {
            let length = header[128..<136].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Int(exactly: length).flatMap { $0 < 1 << 56 ? (name, $0) : nil }
        }
        var length = 0
        for digit in header[124..<135] {
            guard (0x30...0x37).contains(digit) else { return nil }
            length = length << 3 | Int(digit - 0x30)
        }
        return (name, length)
    }

    static func padded(_ length: Int) -> Int { (length + block - 1) / block * block }

    /// The header of a file of mode 0644 (POSIX.1-1988 ustar); a length of 8 GiB and more is in base 256, as GNU tar and Go have it.
    static func header(_ name: String, _ size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.block)
        func put(_ text: String, at offset: Int) { for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte } }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: digits - text.utf8.count) + text
        }
        put(name, at: 0)
        put("0000644\0" + "0000000\0" + "0000000\0", at: 100)
        if size < 1 << 33 {
            put(octal(size, 11), at: 124)
        } else {
            block[124] = 0x80
            for index in 0..<8 { block[128 + index] = UInt8(truncatingIfNeeded: size >> (8 * (7 - index))) }
        }
        put(octal(0, 11), at: 136)
        put("        0", at: 148)
        put("ustar\0" + "00", at: 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
        return block
    }

    /// As RFC 3339 has it.
    private static func text(of seconds: time_t) -> String {
        var (seconds, parts) = (seconds, tm())
        gmtime_r(&seconds, &parts)
        var text = [UInt8](repeating: 0, count: 32)
        // From glibc 2.41 on strftime(3) takes no null.
        let count = text.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { strftime($0.assumingMemoryBound(to: CChar.self), bytes.count, "%Y-%m-%dT%H:%M:%SZ", &parts) } ?? 0
        }
        return String(decoding: text[..<count], as: UTF8.self)
    }
}
