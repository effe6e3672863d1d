internal import Basics
internal import CLinux

/// A file of any kind as the owner of extended attributes: open, or what cannot be opened by its name in a directory.
enum Inode {
    case open(Int32)
    case named([CChar], in: Int32)

    /// Gives this inode the extended attributes of another that have these names, ACLs among them, as `choice` says.
    ///
    /// One that it does not take is an error: it may be what keeps others from the file, or lets a program run. Only a
    /// property of btrfs, which says how data is stored, is left out where it does not go with the mount (compression with
    /// nodatasum) or with the filesystem.
    func copyAttributes(
        _ names: [[CChar]], of source: Inode, _ choice: AttributeChoice, _ buffer: CopyBuffer
    ) throws(Failure) {
        for name in names {
            guard let copy = choice.name(ofCopyOf: name) else { continue }
            let size = source.read(name, buffer)
            if size >= 0 && write(copy, buffer, size) == 0 { continue }
            let isRefused = size >= 0 && (linux_errno() == EINVAL || linux_errno() == EOPNOTSUPP)
            if !isRefused || !name.begins(with: "btrfs.") { throw .attribute(name) }
        }
    }

    /// Empty also where the filesystem has no such attributes.
    func attributeNames() throws(Failure) -> [[CChar]] {
        let expected = list(nil, 0)
        if expected == 0 || expected < 0 && linux_errno() == EOPNOTSUPP { return [] }
        try check(expected < 0 ? -1 : 0)
        var names = [CChar](repeating: 0, count: expected)
        let size = list(&names, expected)
        try check(size < 0 ? -1 : 0)
        return names[..<size].split(separator: 0).map { Array($0) + [0] }
    }

    func remove(_ name: [CChar]) throws(Failure) {
        let result =
            switch self {
            case .open(let descriptor): fremovexattr(descriptor, name)
            case .named(let file, let directory): linux_remove_attribute_at(directory, file, name)
            }
        if result != 0 { throw .attribute(name) }
    }

    /// Takes away those that a copy would get by `choice`, but for a label of SELinux: once its policy is loaded nobody can.
    func removeAttributes(_ choice: AttributeChoice) throws(Failure) {
        for name in try attributeNames() where choice.name(ofCopyOf: name) != nil && strcmp(name, "security.selinux") != 0 {
            try remove(name)
        }
    }

    /// Takes from a new file what a directory gives to all that is made in it.
    func removeHandedDown() throws(Failure) {
        for name in try attributeNames() where name.begins(with: "system.posix_acl_") || name.begins(with: "btrfs.") { try remove(name) }
    }

    private func list(_ names: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
        switch self {
        case .open(let descriptor): flistxattr(descriptor, names, size)
        case .named(let file, let directory): linux_list_attributes_at(directory, file, names, size)
        }
    }

    /// The size of an attribute's value, which is then in the buffer; below 0 where the call failed.
    func read(_ name: [CChar], _ buffer: CopyBuffer) -> Int {
        switch self {
        case .open(let descriptor): fgetxattr(descriptor, name, buffer.bytes, CopyBuffer.size)
        case .named(let file, let directory): linux_get_attribute_at(directory, file, name, buffer.bytes, CopyBuffer.size)
        }
    }

    private func write(_ name: [CChar], _ buffer: CopyBuffer, _ size: Int) -> Int32 {
        switch self {
        case .open(let descriptor): fsetxattr(descriptor, name, buffer.bytes, size, 0)
        case .named(let file, let directory): linux_set_attribute_at(directory, file, name, buffer.bytes, size)
        }
    }
}

extension Failure {
    /// A call for an extended attribute failed.
    fileprivate static func attribute(_ name: [CChar]) -> Failure {
        let reason = Failure.reason()
        return Failure("the attribute '\(display(plainName(name)))': \(reason.message)")
    }
}

extension [CChar] {
    /// Whether a NUL-terminated text begins so.
    func begins(with text: StaticString) -> Bool {
        count > text.utf8CodeUnitCount && memcmp(self, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
}
