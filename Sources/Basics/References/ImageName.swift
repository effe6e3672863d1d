/// The name of an image: registry host, repository and either tag or digest.
public struct ImageName: Hashable, Sendable, CustomStringConvertible {
    public enum Selector: Hashable, Sendable {
        case tag(String)
        case digest(Digest)
    }

    /// The registry, `docker.io` where the person gave none. Empty for a name like `my_host.lan/app`, whose first part looks like a
    /// host and cannot be one: the daemon takes all of it for the repository.
    public let host: String
    /// The repository at that registry; Docker Hub's own ones begin with `library/`.
    public let path: String
    public let selector: Selector

    /// Reads a name by the daemon's rules: the first part is a host if it looks like one, `latest` is the tag where neither tag
    /// nor digest is given, and a tag beside a digest counts for nothing.
    init(_ text: String) throws(GrammarError) {
        if text.isEmpty { throw GrammarError("it is empty") }
        let (host, rest) = splitHost(Array(text.utf8))
        let (named, digest) = rest.cut(at: UInt8(ascii: "@"))
        let (path, tag) = named.cut(at: UInt8(ascii: ":"))
        try checkPath(path)
        if let tag, !isTag(tag) { throw GrammarError("'\(display(tag))' is not a tag") }
        self.host = isHost(host) ? display(host) : ""
        self.path = isHost(host) ? display(path) : display(host + [slash] + path)
        // A host that is none is part of the repository's path, and has to be good as such.
        try checkPath(Array(self.path.utf8))
        guard let digest else {
            selector = .tag(tag.map { display($0) } ?? "latest")
            return
        }
        guard let parsed = Digest(display(digest)) else {
            throw GrammarError("'\(display(digest))' is not sha256: and 64 lower-case hexadecimal digits")
        }
        selector = .digest(parsed)
    }

    /// The repository in Docker's short form, without `docker.io/` and `docker.io/library/`.
    public var repository: String {
        if host.isEmpty { return path }
        guard host.utf8.elementsEqual(hub.utf8) else { return "\(host)/\(path)" }
        let own = path.utf8.starts(with: library) ? path.utf8.dropFirst(library.count) : path.utf8[...]
        return own.contains(slash) ? path : String(decoding: own, as: UTF8.self)
    }

    /// Registry and repository in full, as containerd and Podman list them: `docker.io/library/debian`.
    public var fullRepository: String { host.isEmpty ? path : "\(host)/\(path)" }

    /// The name in full, with its tag or digest.
    public var full: String { fullRepository + ending }

    /// `:TAG` or `@DIGEST`.
    public var ending: String {
        switch selector {
        case .tag(let tag): ":\(tag)"
        case .digest(let digest): "@\(digest)"
        }
    }

    /// In Docker's short form, which is also how a store lists it: `debian:bookworm`, `ghcr.io/x/y@sha256:…`.
    public var description: String { repository + ending }
}

private let hub = "docker.io"
private let library = Array("library/".utf8)
private let slash = UInt8(ascii: "/")

/// distribution/reference, `splitDockerDomain`.
private func splitHost(_ text: [UInt8]) -> (host: [UInt8], rest: [UInt8]) {
    let (first, rest) = text.cut(at: slash)
    var host = Array(hub.utf8)
    var remainder = text
    if let rest, looksLikeHost(first) {
        if !first.elementsEqual("index.docker.io".utf8) { host = first }
        remainder = rest
    }
    if host.elementsEqual(hub.utf8) && !remainder.contains(slash) { remainder = library + remainder }
    return (host, remainder)
}

private func looksLikeHost(_ part: [UInt8]) -> Bool {
    part.elementsEqual("localhost".utf8)
        || part.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || isUpper($0) }
}
