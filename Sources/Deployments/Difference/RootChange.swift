public import Basics

/// What is different in a root from what it was made as, at one path.
public struct RootChange: Hashable, Sendable {
    public enum Kind: String, Sendable {
        case added = "A"
        case changed = "C"
        case deleted = "D"
        case renamed = "R"
    }

    /// What of a file is another one. Times are none: what was written again as it was is no change.
    public enum Aspect: String, Sendable, CaseIterable {
        case type, content, mode, owner
        /// Extended attributes, ACLs among them, or flags of chattr(1).
        case attributes
    }

    /// What is there; of what was deleted, what was there.
    public enum FileKind: String, Sendable {
        case file, directory, symlink, device, fifo, socket, subvolume
    }

    public let kind: Kind
    /// From the root's top.
    public let path: Path
    /// Where it was, of what was renamed.
    public let from: Path?
    public let file: FileKind
    /// What was changed, or of what was renamed, what was changed too.
    public let aspects: [Aspect]
    /// Whether a person made it where systems write by themselves, as its content tells.
    var isChosen = false
    /// Whether an init made it, as the place of a mount.
    var isMountPoint = false

    public init(_ kind: Kind, _ path: Path, from: Path? = nil, _ file: FileKind, _ aspects: [Aspect] = []) {
        self.kind = kind
        self.path = path
        self.from = from
        self.file = file
        self.aspects = aspects
    }

    /// Whether more than mode, owner and attributes is another.
    var isOfContent: Bool { kind != .changed || aspects.contains { $0 == .type || $0 == .content } }

    /// The mode, owner and attributes alone of a file that was changed; nil where they are what they were.
    var besidesContent: RootChange? {
        guard kind == .changed && file == .file && !aspects.contains(.type) else { return nil }
        let others = aspects.filter { $0 != .content }
        return others.isEmpty ? nil : RootChange(.changed, path, file, others)
    }
}

extension RootChange.FileKind {
    init(_ kind: EntryItem.Kind) {
        self =
            switch kind {
            case .file: .file
            case .directory: .directory
            case .symlink: .symlink
            case .device: .device
            case .fifo: .fifo
            case .socket: .socket
            case .subvolume: .subvolume
            }
    }

    init(_ status: Status) {
        self =
            switch status.kind {
            case .directory: .directory
            case .symlink: .symlink
            case .file: .file
            case .other: .device
            }
    }
}
