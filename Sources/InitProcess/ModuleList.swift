public import Basics
public import Boot

/// The kernel modules that an initramfs has for this machine, in the order in which they are loaded.
public struct ModuleList: Equatable, Sendable {
    public struct Module: Equatable, Sendable {
        /// An absolute path.
        public let path: String
        /// As the module takes them: `key=value key=value`.
        public var parameters: String
        /// Whether a boot goes on without it.
        public let isOptional: Bool
        /// The names of modules that have to be loaded before. Where one of them is not, this one is not tried, if it is optional.
        public let needs: [String]

        public init(path: String, parameters: String, isOptional: Bool, needs: [String] = []) {
            self.path = path
            self.parameters = parameters
            self.isOptional = isOptional
            self.needs = needs
        }

        /// What the module is called in the kernel: `virtio_blk` for `virtio-blk.ko`.
        public var name: String {
            let file = path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...]
            return Self.name(file.prefix { $0 != UInt8(ascii: ".") })
        }

        /// The kernel and its command line take `-` and `_` for the same.
        fileprivate static func name(_ text: some Sequence<UInt8>) -> String {
            String(decoding: text.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
        }
    }

    /// Where the list lies in an initramfs.
    public static let path = "/etc/docker-btrfs/modules"

    public private(set) var modules: [Module]

    /// Takes one module a line: an absolute path, and parameters after a space; `?` before the path of one that may fail, and
    /// after it `(NAME,NAME)` with the modules that it needs.
    public init(parsing content: [UInt8]) throws(Failure) {
        modules = []
        for bytes in content.split(separator: UInt8(ascii: "\n")) {
            let isOptional = bytes.first == UInt8(ascii: "?")
            var rest = bytes.dropFirst(isOptional ? 1 : 0)
            let needs = Self.needs(&rest)
            let words = rest.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard let path = words.first, path.first == UInt8(ascii: "/") else {
                throw Failure(
                    "could not read '\(Self.path)': '\(display(bytes))' is not the absolute path of a module", hint: buildAgain)
            }
            modules.append(
                Module(
                    path: String(decoding: path, as: UTF8.self),
                    parameters: words.count > 1 ? String(decoding: words[1], as: UTF8.self) : "", isOptional: isOptional, needs: needs))
        }
    }

    /// Takes them from the front.
    private static func needs(_ rest: inout ArraySlice<UInt8>) -> [String] {
        guard rest.first == UInt8(ascii: "("), let end = rest.firstIndex(of: UInt8(ascii: ")")) else { return [] }
        defer { rest = rest[(end + 1)...] }
        return rest[(rest.startIndex + 1)..<end].split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same modules with the parameters that the kernel command line has for them: `module.key=value`.
    public func with(_ line: KernelCommandLine) -> ModuleList {
        var list = self
        for parameter in line.parameters {
            let parts = parameter.key.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1)
            if parts.count < 2 { continue }
            let name = Module.name(parts[0])
            for index in list.modules.indices where list.modules[index].name == name {
                let key = String(decoding: parts[1], as: UTF8.self)
                let word = parameter.value.map { "\(key)=\"\($0)\"" } ?? key
                list.modules[index].parameters += (list.modules[index].parameters.isEmpty ? "" : " ") + word
            }
        }
        return list
    }
}

extension ModuleList.Module {
    /// As the list has it.
    public var line: String {
        var line = isOptional ? "?" : ""
        if !needs.isEmpty { line += "(" + needs.joined(separator: ",") + ")" }
        return line + path + (parameters.isEmpty ? "" : " " + parameters)
    }
}

/// What to do about an initramfs that is not whole.
let buildAgain = "build the initramfs again, or boot another entry of the boot menu"
