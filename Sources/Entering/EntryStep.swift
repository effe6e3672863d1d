internal import CEntering
internal import CLinux

/// One thing that is done on the way into a root. Its description is the line of `--explain` and, after `could not`, the error.
struct EntryStep {
    let description: String
    /// The system call that does it, as a person would write it.
    let call: String
    let action: entering_action
    var path = ""
    var source = ""
    var options = ""
    var attributes: Int32 = 0
    var mode: UInt32 = 0
    var device: (major: UInt32, minor: UInt32) = (0, 0)
    var tree: Int32 = -1
    /// Nothing is done where the kernel has no such place.
    var isOptional = false
}

extension EntryStep {
    /// A new filesystem at a place of the root.
    static func mount(_ type: String, at path: String, _ options: String, _ attributes: Int32, _ why: String) -> EntryStep {
        EntryStep(
            description: "mount a fresh \(type) at '\(path)'\(why.isEmpty ? "" : ": \(why)")",
            call: "fsopen(\"\(type)\"), fsmount(\(words(of: attributes))), move_mount(\"\(path)\")",
            action: ENTERING_MOUNT, path: path, source: type, options: options, attributes: attributes)
    }

    /// What is at a place of the root already, once more over itself or over another one.
    static func bind(_ source: String, over path: String, _ attributes: Int32, _ description: String) -> EntryStep {
        EntryStep(
            description: description, call: "open_tree(\"\(source)\"), mount_setattr(\(words(of: attributes))), move_mount(\"\(path)\")",
            action: ENTERING_BIND, path: path, source: source, attributes: attributes, isOptional: true)
    }

    static func readOnly(_ path: String, _ why: String) -> EntryStep {
        bind(
            path, over: path, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
            "make '\(path)' read-only: \(why)")
    }

    static func hide(_ path: String, _ why: String) -> EntryStep {
        bind("/dev/null", over: path, MOUNT_ATTR_RDONLY, "hide '\(path)': \(why)")
    }

    /// A tree that was opened before.
    static func attach(_ tree: Int32, at path: String, _ description: String, _ call: String) -> EntryStep {
        EntryStep(description: description, call: call, action: ENTERING_ATTACH, path: path, tree: tree)
    }

    static func directory(_ path: String, mode: UInt32) -> EntryStep {
        EntryStep(
            description: "make the directory '\(path)'", call: "mkdir(\"\(path)\", 0\(String(mode, radix: 8)))", action: ENTERING_DIRECTORY,
            path: path, mode: mode)
    }

    static func node(_ name: String, _ major: UInt32, _ minor: UInt32) -> EntryStep {
        EntryStep(
            description: "make the device '/dev/\(name)'", call: "mknod(\"/dev/\(name)\", S_IFCHR | 0666, makedev(\(major), \(minor)))",
            action: ENTERING_NODE, path: "/dev/\(name)", mode: UInt32(S_IFCHR) | 0o666, device: (major, minor))
    }

    static func file(_ path: String) -> EntryStep {
        EntryStep(
            description: "make the file '\(path)'", call: "mknod(\"\(path)\", S_IFREG | 0644)", action: ENTERING_NODE, path: path,
            mode: UInt32(S_IFREG) | 0o644)
    }

    static func link(_ path: String, to target: String) -> EntryStep {
        EntryStep(
            description: "make '\(path)' a link to '\(target)'", call: "symlink(\"\(target)\", \"\(path)\")", action: ENTERING_LINK,
            path: path,
            source: target)
    }

    /// Only in a description.
    private static func words(of attributes: Int32) -> String {
        let names = [
            (MOUNT_ATTR_RDONLY, "RDONLY"), (MOUNT_ATTR_NOSUID, "NOSUID"), (MOUNT_ATTR_NODEV, "NODEV"), (MOUNT_ATTR_NOEXEC, "NOEXEC"),
        ]
        let set = names.filter { attributes & $0.0 != 0 }.map { $0.1 }
        return set.isEmpty ? "0" : set.joined(separator: " | ")
    }
}
