internal import CLinux

/// What btrfs keeps of the files of a subvolume, read from its tree (BTRFS_IOC_TREE_SEARCH_V2; the items are those of
/// linux/btrfs_tree.h, little-endian). Only root may.
///
/// Files have the same numbers in a subvolume and in a snapshot of it, and what a transaction did not touch is not even read: what
/// changed since a snapshot was taken is known in a time that depends on the changes and not on the files.
package final class SubvolumeTree {
    /// The number of the topmost directory (BTRFS_FIRST_FREE_OBJECTID).
    package static let top: UInt64 = 256

    package let directory: Directory
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 8)

    /// Takes a directory of a subvolume. Its changes that are still in memory are written to its tree first.
    package init(_ directory: Directory) throws(Failure) {
        self.directory = directory
        // A filesystem that is read-only has no such changes.
        if linux_btrfs_commit(directory.descriptor) != 0 && linux_errno() != EROFS {
            throw .system("write '\(directory.show(.top))' to the disk")
        }
    }

    deinit {
        buffer.deallocate()
    }

    /// The files and directories that a later transaction than this one made or changed in any way, by their numbers. What was deleted
    /// is a change of the directory that it was in.
    package func changedInodes(after transaction: UInt64) throws(Failure) -> [InodeItem] {
        var found: [InodeItem] = []
        try forEachInode(changedAfter: transaction) { number, bytes in
            if let inode = InodeItem(number, bytes) { found.append(inode) }
            return true
        }
        return found
    }

    /// Whether a later transaction changed anything in a directory of this subvolume. Subvolumes that are nested in it do not count. Where
    /// very much changed in the subvolume, it is not found out where: the directory is taken for changed.
    package func isChanged(_ directory: UInt64, after transaction: UInt64) throws(Failure) -> Bool {
        let most = 2048
        var changed: [UInt64] = []
        try forEachInode(changedAfter: transaction) { number, _ in
            changed.append(number)
            return changed.count <= most
        }
        if changed.count > most { return true }
        var outside = [Self.top]
        for number in changed {
            if number == directory { return true }
            if try isWithin(directory, number, &outside) { return true }
        }
        return false
    }

    /// Whether a file has a name in that directory or below it. `outside` are directories that are known not to be.
    private func isWithin(_ directory: UInt64, _ number: UInt64, _ outside: inout [UInt64]) throws(Failure) -> Bool {
        for parent in try parents(of: number) {
            var next = parent
            var passed: [UInt64] = []
            while !outside.contains(next) {
                // Nobody moves directories while this is read, but for the machine that runs.
                guard next != directory, passed.count < 4096, let above = try parents(of: next).first else { return true }
                passed.append(next)
                next = above
            }
            outside += passed
        }
        return false
    }

    /// The directories that a file has its names in, each as often as it has.
    private func parents(of number: UInt64) throws(Failure) -> [UInt64] {
        var found: [UInt64] = []
        try forEachName(of: number) { parent, _ in found.append(parent) }
        return found
    }

    /// nil where no file has that number, or one that was deleted and is still open.
    package func inode(_ number: UInt64) throws(Failure) -> InodeItem? {
        var found: InodeItem?
        try forEachItem(of: number, InodeItem.type) { _, bytes in found = InodeItem(number, bytes) }
        return found.flatMap { $0.links == 0 ? nil : $0 }
    }

    /// The names in a directory.
    package func entries(of directory: UInt64) throws(Failure) -> [EntryItem] {
        var found: [EntryItem] = []
        try forEachItem(of: directory, Self.directoryIndex) { _, bytes in
            if let entry = EntryItem(bytes) { found.append(entry) }
        }
        return found
    }

    /// The names that a file has: of a directory one, of the topmost one none.
    package func names(of number: UInt64) throws(Failure) -> [NameItem] {
        var found: [NameItem] = []
        try forEachName(of: number) { directory, name in found.append(NameItem(directory: directory, name: name)) }
        return found
    }

    private func forEachName(of number: UInt64, _ take: (_ directory: UInt64, _ name: [UInt8]) -> Void) throws(Failure) {
        try forEachItem(of: number, Self.inodeReference) { parent, bytes in
            var rest = bytes[...]
            // An index (8 bytes), the length of the name, the name.
            while let length = rest.number(at: 8, UInt16.self), let name = rest.part(at: 10, Int(length)) {
                if parent != number { take(parent, name) }
                rest = rest.dropFirst(10 + name.count)
            }
        }
        try forEachItem(of: number, Self.extendedReference) { _, bytes in
            var rest = bytes[...]
            while let parent = rest.number(at: 0, UInt64.self), let length = rest.number(at: 16, UInt16.self),
                let name = rest.part(at: 18, Int(length))
            {
                take(parent, name)
                rest = rest.dropFirst(18 + name.count)
            }
        }
    }

    /// A path of a file; nil where it went in the meantime.
    package func path(of number: UInt64) throws(Failure) -> Path? {
        var above: [[UInt8]] = []
        var next = number
        while next != Self.top {
            // A directory that is renamed while this is read may seem to be in itself.
            guard above.count < 4096, let name = try names(of: next).first else { return nil }
            above.append(name.name)
            next = name.directory
        }
        return above.reversed().reduce(Path.top) { $0.appending(name: $1) }
    }

    /// The extended attributes of a file, ACLs among them.
    package func attributes(of number: UInt64) throws(Failure) -> [(name: [UInt8], value: [UInt8])] {
        var found: [(name: [UInt8], value: [UInt8])] = []
        try forEachItem(of: number, Self.attribute) { _, bytes in
            var rest = bytes[...]
            while let size = rest.number(at: 25, UInt16.self), let length = rest.number(at: 27, UInt16.self),
                let name = rest.part(at: 30, Int(length)), let value = rest.part(at: 30 + Int(length), Int(size))
            {
                found.append((name, value))
                rest = rest.dropFirst(30 + name.count + value.count)
            }
        }
        return found
    }

    /// Where the content of a file is, or the content itself where that is small: equal ones are of equal content.
    package func content(of number: UInt64) throws(Failure) -> [UInt8] {
        var found: [UInt8] = []
        try forEachItem(of: number, Self.extent) { offset, bytes in
            withUnsafeBytes(of: offset) { found += $0 }
            // Without the transaction that wrote it, which a copy by reference has of its own.
            found += bytes.dropFirst(8)
        }
        return found
    }

    private static let inodeReference: UInt32 = 12
    private static let extendedReference: UInt32 = 13
    private static let attribute: UInt32 = 24
    private static let directoryIndex: UInt32 = 96
    private static let extent: UInt32 = 108

    /// Hands out what later transactions than this one changed, for as long as `take` says true.
    private func forEachInode(
        changedAfter transaction: UInt64, _ take: (_ number: UInt64, UnsafeRawBufferPointer) -> Bool
    ) throws(Failure) {
        let first = linux_btrfs_key(object: Self.top, offset: 0, type: 0)
        // BTRFS_LAST_FREE_OBJECTID
        let last = linux_btrfs_key(object: 0 &- Self.top, offset: .max, type: .max)
        try search(first, last, since: transaction + 1) { key, bytes in
            guard key.type == InodeItem.type, let changed = bytes[...].number(at: 8, UInt64.self), changed > transaction
            else { return true }
            return take(key.object, bytes)
        }
    }

    private func forEachItem(
        of number: UInt64, _ type: UInt32, _ take: (_ offset: UInt64, UnsafeRawBufferPointer) -> Void
    ) throws(Failure) {
        let first = linux_btrfs_key(object: number, offset: 0, type: type)
        try search(first, linux_btrfs_key(object: number, offset: .max, type: type), since: 0) { key, bytes in
            take(key.offset, bytes)
            return true
        }
    }

    /// Hands out items for as long as `take` says true.
    private func search(
        _ first: linux_btrfs_key, _ last: linux_btrfs_key, since transaction: UInt64,
        _ take: (linux_btrfs_item, UnsafeRawBufferPointer) -> Bool
    ) throws(Failure) {
        let header = MemoryLayout<linux_btrfs_item>.size
        var next = first
        while true {
            let count = linux_btrfs_search(
                directory.descriptor, next, last, transaction, buffer.baseAddress, UInt64(buffer.count))
            if count < 0 { throw .system("read the tree of '\(directory.show(.top))'") }
            if count == 0 { return }
            var position = Int(linux_btrfs_search_start)
            for _ in 0..<count {
                let item = buffer.loadUnaligned(fromByteOffset: position, as: linux_btrfs_item.self)
                position += header
                if !take(item, UnsafeRawBufferPointer(rebasing: buffer[position..<(position + Int(item.length))])) { return }
                position += Int(item.length)
                next = linux_btrfs_key(object: item.object, offset: item.offset, type: item.type)
            }
            // The key after the last one.
            if next.offset < .max {
                next.offset += 1
            } else if next.type < .max {
                next = linux_btrfs_key(object: next.object, offset: 0, type: next.type + 1)
            } else {
                next = linux_btrfs_key(object: next.object + 1, offset: 0, type: 0)
            }
            if next.object > last.object || next.object == last.object && next.type > last.type { return }
        }
    }
}

/// What btrfs keeps of a file beside its names, attributes and content (`struct btrfs_inode_item`).
package struct InodeItem: Equatable, Sendable {
    fileprivate static let type: UInt32 = 1

    package let number: UInt64
    /// The transaction that made it. With the number, what identifies a file in a subvolume and in its snapshots.
    package let made: UInt64
    /// The last one that wrote anything of it, if only when it was read last.
    package let written: UInt64
    /// When something of it was changed, but for that, in nanoseconds since 1970 (ctime).
    package let changed: UInt64
    /// When it was made (otime).
    package let born: UInt64
    /// In bytes.
    package let size: UInt64
    package let links: UInt32
    package let owner: UInt32
    package let group: UInt32
    /// With the kind of file, as in stat(2).
    package let mode: UInt32
    /// Of a device file, as btrfs has it.
    package let device: UInt64
    /// `BTRFS_INODE_` flags that a person sets with chattr(1): of the others some come by themselves.
    package let flags: UInt64

    /// nodatacow, sync, immutable, append, nodump, noatime, dirsync, compress.
    private static let chosenFlags: UInt64 = 1 << 1 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11

    package var kind: EntryItem.Kind { EntryItem.Kind(mode: mode) }

    fileprivate init?(_ number: UInt64, _ bytes: UnsafeRawBufferPointer) {
        let bytes = bytes[...]
        guard let made = bytes.number(at: 0, UInt64.self), let written = bytes.number(at: 8, UInt64.self),
            let size = bytes.number(at: 16, UInt64.self), let links = bytes.number(at: 40, UInt32.self),
            let owner = bytes.number(at: 44, UInt32.self), let group = bytes.number(at: 48, UInt32.self),
            let mode = bytes.number(at: 52, UInt32.self), let device = bytes.number(at: 56, UInt64.self),
            let flags = bytes.number(at: 64, UInt64.self),
            let changed = bytes.time(at: 124), let born = bytes.time(at: 148)
        else { return nil }
        self.number = number
        self.made = made
        self.written = written
        self.changed = changed
        self.born = born
        self.size = size
        self.links = links
        self.owner = owner
        self.group = group
        self.mode = mode
        self.device = device
        self.flags = flags & Self.chosenFlags
    }
}

/// A name in a directory (`struct btrfs_dir_item`).
package struct EntryItem: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case file, directory, symlink, device, fifo, socket
        /// A subvolume that is nested here: its files are none of this tree.
        case subvolume

        package init(mode: UInt32) {
            switch mode & 0o170000 {
            case 0o040000: self = .directory
            case 0o120000: self = .symlink
            case 0o010000: self = .fifo
            case 0o140000: self = .socket
            case 0o020000, 0o060000: self = .device
            default: self = .file
            }
        }
    }

    package let name: [UInt8]
    /// Of a nested subvolume its id.
    package let number: UInt64
    /// The transaction that put the name there.
    package let named: UInt64
    package let kind: Kind

    fileprivate init?(_ bytes: UnsafeRawBufferPointer) {
        let bytes = bytes[...]
        guard let number = bytes.number(at: 0, UInt64.self), let key = bytes.number(at: 8, UInt8.self),
            let named = bytes.number(at: 17, UInt64.self), let length = bytes.number(at: 27, UInt16.self),
            let type = bytes.number(at: 29, UInt8.self), let name = bytes.part(at: 30, Int(length))
        else { return nil }
        self.number = number
        self.named = named
        self.name = name
        // BTRFS_ROOT_ITEM_KEY; else a BTRFS_FT_ number.
        kind =
            switch (key, type) {
            case (132, _): .subvolume
            case (_, 2): .directory
            case (_, 3), (_, 4): .device
            case (_, 5): .fifo
            case (_, 6): .socket
            case (_, 7): .symlink
            default: .file
            }
    }
}

/// One of the names that a file has.
package struct NameItem: Hashable, Sendable {
    package let directory: UInt64
    package let name: [UInt8]

    package init(directory: UInt64, name: [UInt8]) {
        self.directory = directory
        self.name = name
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// A little-endian number; nil where it is not all there.
    fileprivate func number<Number: FixedWidthInteger>(at offset: Int, _ type: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard count >= offset + size else { return nil }
        return Number(littleEndian: base.loadUnaligned(fromByteOffset: startIndex + offset, as: Number.self))
    }

    /// A time (`struct btrfs_timespec`), in nanoseconds.
    fileprivate func time(at offset: Int) -> UInt64? {
        guard let seconds = number(at: offset, UInt64.self), let rest = number(at: offset + 8, UInt32.self) else { return nil }
        return seconds &* 1_000_000_000 &+ UInt64(rest)
    }

    fileprivate func part(at offset: Int, _ length: Int) -> [UInt8]? {
        count >= offset + length ? Array(self[(startIndex + offset)..<(startIndex + offset + length)]) : nil
    }
}
