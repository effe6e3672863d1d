import Basics
import CLinux
import Foundation
import Linux
import TestSupport
import Testing

/// Layers that random operations of a system left: the lowest in an ordinary directory, each other one through a mount of an
/// overlay that has it for its upper directory.
struct MergeStack {
    let disk: MergeDisk
    let seed: UInt64
    let options: [String]
    private var random: SplitMix
    /// The topmost first.
    private(set) var layers: [String] = []

    /// Makes from 2 to 6 layers.
    init(on disk: MergeDisk, seed: UInt64, options: [String]) throws {
        self.disk = disk
        self.seed = seed
        self.options = options
        random = SplitMix(seed: seed)
        try makeDirectory(String(seed))
        for number in 0..<Int.random(in: 2...6, using: &random) { try addLayer(number) }
    }

    private func makeDirectory(_ path: String) throws {
        try #require(mkdir("\(disk.top)/\(path)", 0o755) == 0)
    }

    private mutating func addLayer(_ number: Int) throws {
        let layer = "\(seed)/\(number)"
        try makeDirectory(layer)
        guard !layers.isEmpty else {
            try work(in: "\(disk.top)/\(layer)", 200)
            layers = [layer]
            return
        }
        try makeDirectory("\(layer)-work")
        let mount = try writableOverlay(
            layers.map { "lowerdir+=\(disk.top)/\($0)" }
                + ["upperdir=\(disk.top)/\(layer)", "workdir=\(disk.top)/\(layer)-work"] + options)
        let ended = Result { try work(in: "/proc/self/fd/\(mount)", 80) }
        close(mount)
        try ended.get()
        layers.insert(layer, at: 0)
    }

    private mutating func work(in folder: String, _ count: Int) throws {
        var user = RandomUser(folder: folder, random: random)
        for _ in 0..<count { user.act() }
        random = user.random
    }
}

/// A mount of an overlay that has no place, so that it ends with its descriptor: at a place, every process that gets mounts of
/// its own in the meantime would hold it.
private func writableOverlay(_ options: [String]) throws -> Int32 {
    // The mount before is there a little longer where a program was started in the meantime: until its exec it has the descriptor too.
    for _ in 0..<500 {
        let context = fsopen("overlay", UInt32(FSOPEN_CLOEXEC))
        defer { close(context) }
        for option in options.map({ $0.split(separator: "=", maxSplits: 1).map { String($0) } }) {
            try #require(fsconfig(context, UInt32(FSCONFIG_SET_STRING.rawValue), option[0], option[1], 0) == 0, "\(option)")
        }
        if fsconfig(context, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) == 0 {
            let mount = fsmount(context, UInt32(FSMOUNT_CLOEXEC), 0)
            try #require(mount >= 0)
            return mount
        }
        try #require(errno == EBUSY, "\(options)")
        usleep(10_000)
    }
    throw Failure("could not mount \(options): its layers stay in use")
}

/// Does with the files of a folder what a system does, at random.
struct RandomUser {
    let folder: String
    var random: SplitMix

    /// Few, so that they meet.
    private static let names: [[UInt8]] =
        ["a", "b", "c", "d", "e", ".wh.a", "new\nline", String(repeating: "x", count: 255)].map { Array($0.utf8) } + [[0xff, 0xfe]]

    mutating func act() {
        switch Int.random(in: 0..<24, using: &random) {
        case 0...3: write(somewhere(), O_TRUNC)
        case 4...6: _ = mkdir(somewhere(), 0o755)
        case 7: write(something(), 0)
        case 8: write(something(), O_APPEND)
        case 9 where Int.random(in: 0..<3, using: &random) == 0: remove(something())
        case 10...11: remake(something())
        case 12...13: _ = rename(something(), somewhere())
        case 14: _ = renameat2(AT_FDCWD, something(), AT_FDCWD, something(), UInt32(RENAME_EXCHANGE))
        case 15: _ = symlink(["a", "../b", "/c", "nowhere"].randomElement(using: &random) ?? "", somewhere())
        case 16: makeNode()
        case 17: _ = link(something(), somewhere())
        case 18: _ = chmod(something(), [0o755, 0o644, 0o4755, 0o1777, 0o2750, 0].randomElement(using: &random) ?? 0)
        case 19: _ = lchown(something(), number(), number())
        case 20...21: setAttribute()
        case 22: _ = truncate(something(), off_t.random(in: 0...100_000, using: &random))
        default: setTimes()
        }
    }

    private mutating func number() -> UInt32 { [0, 5, 1000, 100_000, 4_000_000_000].randomElement(using: &random) ?? 0 }

    /// A path, NUL-terminated.
    private mutating func path(_ place: [UInt8], _ name: [UInt8]?) -> [CChar] {
        (place + (name.map { [0x2f] + $0 } ?? [])).map { CChar(bitPattern: $0) } + [0]
    }

    /// A name that may be taken or not, in a directory that is there.
    private mutating func somewhere() -> [CChar] {
        let place = directory()
        return path(place, Self.names.randomElement(using: &random))
    }

    /// Something that is there, if the directory has anything.
    private mutating func something() -> [CChar] {
        let place = directory()
        return path(place, contents(place).randomElement(using: &random) ?? Self.names.randomElement(using: &random))
    }

    private mutating func directory() -> [UInt8] {
        var place = Array(folder.utf8)
        while Int.random(in: 0..<10, using: &random) < 6 {
            let inner = contents(place).filter { isDirectory(place + [0x2f] + $0) }
            guard let name = inner.randomElement(using: &random), place.count < 2000 else { break }
            place += [0x2f] + name
        }
        return place
    }

    private func contents(_ place: [UInt8]) -> [[UInt8]] {
        guard let opened = opendir(place.map { CChar(bitPattern: $0) } + [0]) else { return [] }
        defer { closedir(opened) }
        var names: [[UInt8]] = []
        while let entry = readdir(opened) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8) && name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private func isDirectory(_ path: [UInt8]) -> Bool {
        var found = stat()
        return lstat(path.map { CChar(bitPattern: $0) } + [0], &found) == 0 && found.st_mode & S_IFMT == S_IFDIR
    }

    private mutating func write(_ path: [CChar], _ flags: Int32) {
        let file = linux_openat2(AT_FDCWD, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0o644, 0)
        if file < 0 { return }
        defer { close(file) }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let size = [1, 100, 4096, 20_000].randomElement(using: &random) ?? 0
            let words = (0...size / 8).map { _ in random.next() }
            // Beyond what is there now and then: what is between is a hole.
            let offset = [0, 0, 8192, 1 << 20].randomElement(using: &random) ?? 0
            words.withUnsafeBytes { _ = pwrite(file, $0.baseAddress, size, offset) }
        }
    }

    /// Puts something else where something was, or the same again.
    private mutating func remake(_ path: [CChar]) {
        remove(path)
        if Bool.random(using: &random) { return write(path, O_TRUNC) }
        _ = mkdir(path, 0o755)
        write(path.dropLast() + [0x2f, 0x61, 0], O_TRUNC)
    }

    private func remove(_ path: [CChar]) {
        if unlink(path) == 0 || rmdir(path) == 0 { return }
        let place = path.dropLast().map { UInt8(bitPattern: $0) }
        for name in contents(place) { remove((place + [0x2f] + name).map { CChar(bitPattern: $0) } + [0]) }
        _ = rmdir(path)
    }

    private mutating func makeNode() {
        let kinds: [(mode_t, dev_t)] = [(S_IFIFO, 0), (S_IFSOCK, 0), (S_IFCHR, 0x103), (S_IFBLK, 0x801), (S_IFBLK, 0)]
        let (kind, device) = kinds.randomElement(using: &random) ?? kinds[0]
        _ = mknod(somewhere(), kind | 0o640, device)
    }

    private mutating func setAttribute() {
        // vfs_cap_data of revision 2 with CAP_NET_RAW, and an ACL that lets user 1004 read and write.
        let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let entry = { (tag: UInt8, may: UInt8, id: [UInt8]) in [tag, 0, may, 0] + id }
        let none: [UInt8] = [255, 255, 255, 255]
        let list: [UInt8] =
            [2, 0, 0, 0] + entry(1, 6, none) + entry(2, 6, [0xec, 3, 0, 0]) + entry(4, 4, none) + entry(16, 6, none)
            + entry(32, 0, none)
        let value = (0..<Int.random(in: 0...300, using: &random)).map { UInt8($0 & 255) }
        let attributes: [(String, [UInt8])] = [
            ("user.note", value), ("user.other", value), ("trusted.note", value), ("security.capability", capability),
            ("system.posix_acl_access", list), ("system.posix_acl_default", list),
        ]
        let (name, bytes) = attributes.randomElement(using: &random) ?? attributes[0]
        lsetxattr(something(), name, bytes, bytes.count, 0)
    }

    private mutating func setTimes() {
        let (seconds, rest) = Int.random(in: 0...4_000_000_000_000_000_000, using: &random).quotientAndRemainder(dividingBy: 1_000_000_000)
        let time = timespec(tv_sec: seconds, tv_nsec: rest)
        utimensat(AT_FDCWD, something(), [time, time], AT_SYMLINK_NOFOLLOW)
    }
}
