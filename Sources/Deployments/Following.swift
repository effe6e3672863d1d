public import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Images
internal import Linux
internal import Planning
internal import Programs

/// An image that a registry may have anew under its name.
public struct Following {
    /// In full, with the registry: `docker.io/library/debian:12`.
    public let name: String
    /// The program that pulls.
    public let engine: String
    private let site: Site
    private let reference: ImageReference

    fileprivate init(_ name: ImageName, engine: String, site: Site) throws(Failure) {
        self.name = name.full
        self.engine = engine
        self.site = site
        reference = try ImageReference(name.full)
    }

    /// What a pull brought.
    public struct News {
        /// What is to be known of it.
        public let notes: [String]
        /// Whether there is something to deploy.
        public let isForDeployment: Bool
        /// The next boot of before; nil where there was none.
        fileprivate let before: ImageID?
        /// Why nothing was pulled.
        fileprivate let failure: String?
    }

    /// Has the engine pull it. Where that fails, it is as if there were nothing new, unless no image of that name is here. Fails too where
    /// the image that came cannot boot this machine.
    public func pull(say: (String) -> Void) async throws(Failure) -> News {
        let deployments = try Deployment.all(on: site.topLevel).deployments
        let before = deployments.first?.imageID
        let known = deployments.filter { $0.reference.kind == reference.kind }.map(\.imageID)
        say("pull \(name) with \(engine)")
        do throws(Failure) {
            try await runPull()
        } catch {
            guard let stays = try presentID() else { throw error }
            let state = "there may be a newer one: the image \(stays.digest.hex.prefix(12)) is what is here"
            // One that was refused may be here too.
            return News(notes: ["\(error.message); \(state)"], isForDeployment: known.isEmpty, before: before, failure: error.message)
        }
        guard let id = try presentID() else {
            throw Failure(
                "could not find '\(name)' after it was pulled: \(engine) keeps it somewhere else than in '\(site.settings.store)'",
                hint: "docker-btrfs setup looks for the store again")
        }
        let digest = try await digest()
        let title = "image \(id.digest.hex.prefix(12))"
        say("\(name): \(digest), \(title)\(known.contains(id) ? ", nothing new" : "")")
        if known.contains(id) {
            // Somebody went back from it.
            let notes = id == before ? [] : ["\(title) is not the next boot: 'docker-btrfs deploy \(name)' makes it that"]
            return News(notes: notes, isForDeployment: false, before: before, failure: nil)
        }
        if let finding = try site.check(name).findings.first(where: { $0.weight == .error }) {
            throw Failure(
                "could not deploy '\(name)', \(title): \(finding.subject): \(finding.text)",
                hint: "docker-btrfs check \(name) tells all that is wrong with it")
        }
        return News(notes: [], isForDeployment: true, before: before, failure: nil)
    }

    /// Notes what came of it. Returns whether there is something new to boot.
    public func finish(_ news: News) throws(Failure) -> Bool {
        let next = try Deployment.all(on: site.topLevel).deployments.first?.imageID
        let isNew = next != nil && next != news.before
        try site.write(
            Update(
                time: secondsNow(), name: name, deployed: isNew ? next?.digest.hex : nil, failure: news.failure))
        return isNew
    }

    /// Notes that it failed.
    public func fail(_ error: any Error) {
        let reason = (error as? Failure)?.message ?? "\(error)"
        // What is told of is the failure itself.
        try? site.write(Update(time: secondsNow(), name: name, deployed: nil, failure: reason))
    }

    /// A person sees how far it is; a journal gets the reason where it fails.
    private func runPull() async throws(Failure) {
        let command = [engine, "pull", name]
        if isatty(STDOUT_FILENO) == 1 { return try await execute(command) }
        guard let outcome = try await runProgram(command) else {
            throw Failure("could not pull '\(name)': there is no program '\(engine)'")
        }
        if outcome.status != 0 { throw Failure("could not pull '\(name)': \(engine): \(outcome.complaint)") }
    }

    private func presentID() throws(Failure) -> ImageID? {
        let store = try site.storeFilesystem()
        do throws(Failure) {
            return try site.image(reference, in: store).id
        } catch {
            return nil
        }
    }

    /// As the registry names it.
    private func digest() async throws(Failure) -> String {
        let command = [engine, "image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", name]
        let lines = try await runProgram(command)?.output.split(separator: UInt8(ascii: "\n")) ?? []
        let digests = lines.compactMap { display($0).split(separator: "@").last }
        return digests.first.map { String($0) } ?? "no digest"
    }
}

/// What came of the last pull, as it is kept: a JSON object.
public struct Update: Equatable, Sendable {
    /// Seconds since 1970.
    public let time: Int
    public let name: String
    /// The id of the image that was deployed; nil where there was nothing new.
    public let deployed: String?
    public let failure: String?
}

extension Site {
    /// The image to pull: without a name it is the default's. Fails where its registry is not said: `docker pull desktop` would take
    /// somebody else's image for one that was built here.
    public func following(_ asked: String?) throws(Failure) -> Following {
        let last = try update()?.name
        let standing = try Deployment.all(on: topLevel).deployments.first?.reference
        guard let reference = if let asked { try ImageReference(asked) } else { standing } else {
            throw Failure(
                "could not tell which image to pull: none was deployed yet", hint: "name one: docker-btrfs deploy --pull REGISTRY/IMAGE")
        }
        guard case .name(let name) = reference.kind, case .tag = name.selector else {
            throw Failure("could not pull '\(reference)': only a name with a tag may become another image", hint: "name it with its tag")
        }
        let isSaid = asked?.begins(with: "docker.io/") == true || !name.host.isEmpty && name.host != "docker.io" || name.full == last
        if !isSaid {
            throw Failure(
                "could not pull '\(reference)': its name has no registry, and it may have been built here",
                hint: "docker-btrfs deploy --pull docker.io/\(name.path)\(name.ending), if that is the one")
        }
        let kinds = try ImageStores(in: storeFilesystem()?.top ?? topLevel, at: settings.store)?.kinds ?? []
        return try Following(name, engine: kinds.first?.word.begins(with: "podman") == true ? "podman" : "docker", site: self)
    }

    /// What came of the last pull; nil where there was none.
    func update() throws(Failure) -> Update? {
        guard let bytes = try topLevel.contents(of: Layout.update, limit: 1 << 16) else { return nil }
        let json = try JSON(parsing: bytes, name: topLevel.show(Layout.update))
        guard let time = json["time"]?.integer, let name = json["name"]?.string else { return nil }
        return Update(time: time, name: name, deployed: json["deployed"]?.string, failure: json["failure"]?.string)
    }

    fileprivate func write(_ update: Update) throws(Failure) {
        let json = JSONOutput.object([
            ("time", .integer(update.time)), ("name", .string(update.name)),
            ("deployed", update.deployed.map { .string($0) } ?? .null), ("failure", update.failure.map { .string($0) } ?? .null),
        ])
        try topLevel.write(Array(json.text.utf8), mode: 0o600, to: Layout.update)
    }
}
