internal import Basics
internal import CLinux

/// What a name in a layer stands for, by the OCI image specification.
enum LayerName {
    /// A file of the layer.
    case entry
    /// `.wh.NAME`: what the root has at this name goes.
    case whiteout([CChar])
    /// `.wh..wh..opq`: all that the root has in this directory goes.
    case opaque
    /// Any other `.wh..wh.`, which is for programs that write layers.
    case reserved

    init(_ name: [CChar]) throws(Failure) {
        guard name.begins(with: ".wh.") else {
            self = .entry
            return
        }
        let hidden = Array(name[4...])
        if name.begins(with: ".wh..wh.") {
            self = name.count == 13 && name.begins(with: ".wh..wh..opq") ? .opaque : .reserved
        } else if strcmp(hidden, "") == 0 || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0 {
            throw Failure("a whiteout must name something in its directory")
        } else {
            self = .whiteout(hidden)
        }
    }
}

extension TargetDirectory {
    /// Removes what a layer's directory says, before anything of the layer goes in: a name beside its whiteout stays.
    func removeWhiteouts(of layer: Directory) throws(Failure) {
        try layer.forEachName { (name, _) throws(Failure) in
            do throws(Failure) {
                switch try LayerName(name) {
                case .entry, .reserved: break
                case .whiteout(let hidden): try directory.remove(hidden)
                case .opaque: try directory.removeContents()
                }
            } catch {
                throw error.located(at: path.appending(name: name))
            }
        }
    }
}

extension Path {
    /// The path with one more component, NUL-terminated.
    func appending(name: [CChar]) -> Path {
        appending(name: name.dropLast().map { UInt8(bitPattern: $0) })
    }
}
