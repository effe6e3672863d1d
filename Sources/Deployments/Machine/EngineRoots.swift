public import Basics
internal import Glibc
package import Images

/// Where engines of a system have their stores: as their configurations say, or as they do by themselves.
public struct EngineRoots: Sendable {
    /// Docker's data-root, containerd's root, Podman's graphroot, as absolute paths.
    public let docker: String
    public let containerd: String
    public let podman: String

    /// Reads `daemon.json` of Docker, `config.toml` of containerd and `storage.conf` of Podman. Fails where one cannot be read.
    public init(in system: Directory) throws(Failure) {
        docker = try Self.docker(in: system)
        containerd = try Self.containerd(in: system)
        podman = try Self.podman(in: system)
    }

    /// The same of Docker alone.
    public static func docker(in system: Directory) throws(Failure) -> String {
        let daemon: Path = "etc/docker/daemon.json"
        let content = try system.contents(of: daemon) ?? []
        // Docker takes an empty one too.
        let isEmpty = content.allSatisfy { " \t\r\n".utf8.contains($0) }
        let chosen = try isEmpty ? nil : JSON(parsing: content, name: system.show(daemon))["data-root"]?.string
        return chosen ?? "/var/lib/docker"
    }

    /// The same of containerd alone.
    public static func containerd(in system: Directory) throws(Failure) -> String {
        try value(of: "root", section: "", in: "etc/containerd/config.toml", system) ?? "/var/lib/containerd"
    }

    /// The same of Podman alone.
    public static func podman(in system: Directory) throws(Failure) -> String {
        try value(of: "graphroot", section: "storage", in: "etc/containers/storage.conf", system) ?? "/var/lib/containers/storage"
    }

    /// The text that a key has in a section of a TOML file, "" being what is before all sections; nil where there is none. A key that is
    /// written in quotes or with dots is not seen.
    private static func value(of key: String, section: String, in file: Path, _ system: Directory) throws(Failure) -> String? {
        guard let content = try system.contents(of: file) else { return nil }
        var current = ""
        for line in String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = line.trimming { $0 == " " || $0 == "\t" }
            if line.first == "[" {
                current = String(line.dropFirst().prefix { $0 != "]" }.trimming { $0 == " " })
                continue
            }
            guard current == section, let equals = line.firstIndex(of: "="),
                line[..<equals].trimming(where: { $0 == " " || $0 == "\t" }) == key
            else { continue }
            let value = line[line.index(after: equals)...].trimming { $0 == " " || $0 == "\t" }
            guard let quote = value.first, quote == "\"" || quote == "'" else { continue }
            let text = value.dropFirst().prefix { $0 != quote }
            return text.isEmpty ? nil : String(text)
        }
        return nil
    }
}

extension ImageStores {
    /// Those of an engine of the running system, `root`, as a boot of it would look for them: also beside Docker's data-root.
    package init(ofEngineAt dataRoot: String, in root: Directory, _ choice: StoreChoice) throws(Failure) {
        guard let resolved = realpath(dataRoot, nil) else { throw Failure.system("open the directory '\(dataRoot)'") }
        defer { free(resolved) }
        do throws(Failure) {
            if let path = Path(String(cString: resolved)), let stores = try ImageStores(in: root, at: path, choice) {
                self = stores
                return
            }
        } catch {
            throw error.ofStoreOptions
        }
        throw Failure("could not open the directory '\(dataRoot)': it is not there")
    }
}

extension Substring {
    fileprivate func trimming(where isSpace: (Character) -> Bool) -> Substring {
        var rest = drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest
    }
}
