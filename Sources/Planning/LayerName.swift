public import Basics

/// What a name in a layer stands for: the whiteouts of the OCI image specification (layer.md, "Whiteouts").
public enum LayerName: Equatable, Sendable {
    /// A file of the layer.
    case entry
    /// `.wh.NAME`: what the root has at this name goes. nil where it names nothing that can be in a directory.
    case whiteout([UInt8]?)
    /// `.wh..wh..opq`: all that the root has in this directory goes.
    case opaque
    /// Any other `.wh..wh.`, which is for programs that write layers.
    case reserved

    /// What a layer fails with that has a whiteout of nothing.
    public static var namesNothing: Failure { Failure("a whiteout must name something in its directory") }

    private static let prefix = ".wh.".utf8
    /// What takes away all that the root has in its directory.
    public static let opaqueName: [UInt8] = Array(".wh..wh..opq".utf8)

    /// Where a layer says that what is at a path goes.
    public static func whiteout(of path: Path) -> Path { path.parent.appending(name: Array(prefix) + path.name) }

    public init(_ name: [UInt8]) {
        let whiteout = Self.prefix
        guard name.starts(with: whiteout) else {
            self = .entry
            return
        }
        let hidden = name.dropFirst(whiteout.count)
        if hidden.starts(with: whiteout) {
            self = hidden.dropFirst(whiteout.count).elementsEqual(".opq".utf8) ? .opaque : .reserved
        } else {
            let isNone = hidden.isEmpty || hidden.elementsEqual(".".utf8) || hidden.elementsEqual("..".utf8)
            self = .whiteout(isNone ? nil : Array(hidden))
        }
    }
}
