internal import Basics
internal import CLinux
internal import Planning

/// The extended attributes in which overlayfs keeps what it must know of a layer:
/// https://docs.kernel.org/filesystems/overlayfs.html
enum OverlayAttribute {
    static let prefix: StaticString = "trusted.overlay."
    static let opaque = cString(Array("trusted.overlay.opaque".utf8))
    static let redirect = cString(Array("trusted.overlay.redirect".utf8))
    static let metacopy = cString(Array("trusted.overlay.metacopy".utf8))
    static let whiteout = cString(Array("trusted.overlay.whiteout".utf8))

    /// An empty file with the attribute hides what is below it; directories are to say that they have such, and not all do.
    static let hasFileWhiteouts = Failure(
        "whiteouts that are files (overlay.whiteout) are not supported", hint: "make the image with another program")

    /// The name by which a mount shows an attribute that begins with the prefix; nil where it is overlayfs's own. An overlay that
    /// is itself on an overlay has `trusted.overlay.overlay.` before its own.
    static func unescaped(_ name: [CChar]) -> [CChar]? {
        name.begins(with: "trusted.overlay.overlay.") ? Array(name[..<8]) + name[16...] : nil
    }
}

/// What a directory of a layer says of those that are below it in the same place.
enum Opacity {
    case transparent
    /// Nothing below it is seen.
    case opaque

    init(of directory: Inode, _ names: [[CChar]], _ buffer: CopyBuffer) throws(Failure) {
        self = .transparent
        guard names.contains(OverlayAttribute.opaque) else { return }
        let size = directory.read(OverlayAttribute.opaque, buffer)
        try check(size < 0 ? -1 : 0)
        if size != 1 { return }
        switch buffer.bytes.load(as: UInt8.self) {
        case UInt8(ascii: "y"): self = .opaque
        case UInt8(ascii: "x"): throw OverlayAttribute.hasFileWhiteouts
        default: break
        }
    }
}

/// Where the layers below have what a layer has under another name.
enum Redirect {
    /// In the same directory.
    case name([CChar])
    /// From the tops of the layers.
    case path([[CChar]])

    /// What a directory or a file without content says; nil where it was not renamed.
    init?(of inode: Inode, _ names: [[CChar]], _ buffer: CopyBuffer) throws(Failure) {
        guard names.contains(OverlayAttribute.redirect) else { return nil }
        let size = inode.read(OverlayAttribute.redirect, buffer)
        try check(size < 0 ? -1 : 0)
        let text = [UInt8](UnsafeRawBufferPointer(start: buffer.bytes, count: size))
        let slash = UInt8(ascii: "/")
        let isPath = text.first == slash
        let components = (isPath ? text[1...] : text[...]).split(separator: slash, omittingEmptySubsequences: false)
        if !components.allSatisfy(isName) || !isPath && components.count != 1 || components.count > LayerRules.deepest {
            throw Failure("its place in the layers below, '\(display(text))', is none")
        }
        self = isPath ? .path(components.map { cString(Array($0)) }) : .name(cString(Array(components[0])))
    }
}

/// Whether a component of a path is the name of something in its directory.
private func isName(_ component: ArraySlice<UInt8>) -> Bool {
    !component.isEmpty && !component.contains(0) && !component.elementsEqual(".".utf8) && !component.elementsEqual("..".utf8)
}
