public import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Images
internal import Linux
internal import Programs

/// An image that a registry may have anew under its name.
public struct Following {
    /// In full, with the registry: `docker.io/library/debian:12`.
    public let name: String
    private let engine: Engine
    private let site: Site
    private let reference: ImageReference
    /// The next boot of before, as the menu has it; nil where there was none.
    private let before: ImageID?
    /// The last update that there was.
    private let last: Update?

    fileprivate init(_ name: ImageName, engine: Engine, site: Site, before: ImageID?, last: Update?) throws(Failure) {
        self.name = name.full
        self.engine = engine
        self.site = site
        self.before = before
        self.last = last
        reference = try ImageReference(name.full)
    }

    /// The program that pulls.
    public var engineName: String { engine.words[0] }

    /// What a pull brought.
    public struct News {
        /// What is to be known of it.
        public let notes: [String]
        /// Whether there is something to deploy.
        public let isForDeployment: Bool
        /// What the registry has; nil where that is not known.
        fileprivate let image: ImageID?
        /// Why nothing was pulled.
        fileprivate let failure: String?
    }

    /// Has the engine pull it. Where the registry is not reached, it is as if there were nothing new, unless no image of that name was
    /// deployed. Fails too where the image that came cannot boot this machine.
    public func pull(say: (String) -> Void) async throws(Failure) -> News {
        let all = try Deployment.all(on: site.topLevel).deployments
        let known = all.filter { $0.reference.kind == reference.kind }.map(\.imageID)
        say("pull \(name) with \(engineName)")
        if let complaint = try await runPull() {
            let failure = "could not pull '\(name)': \(engineName): \(complaint)"
            if Self.isOfEngine(complaint) {
                throw Failure(failure, hint: "it does not run: start it" + (engine.service.map { ", by systemctl start \($0)" } ?? ""))
            }
            if known.isEmpty {
                throw Failure(failure, hint: "'docker-btrfs deploy \(name)' takes the image of that name that is here, if there is one")
            }
            if !Self.isOfNetwork(complaint) { throw Failure(failure) }
            let note = "\(failure); it is as if there were nothing new"
            return News(notes: [note], isForDeployment: false, image: nil, failure: failure)
        }
        let id = try site.image(reference, in: site.storeFilesystem()).id
        let digest = try await digest()
        let title = "image \(id.short)"
        let isLast = last?.name == name && last?.image == id.digest.hex
        let isLeft = try site.topLevel.status(of: Deployment.leftMark(of: id)) != nil
        // One that the registry has again is new: the one between was taken back there. One that is next under another name alone is called
        // by this one from then on.
        let isNew = id == before ? !known.contains(id) : !(isLast || isLeft) || !all.contains { $0.imageID == id }
        say("\(name): \(digest), \(title)\(isNew ? "" : ", nothing new")")
        if !isNew {
            // Somebody went back from it.
            let notes = id == before ? [] : ["\(title) is not the next boot: 'docker-btrfs deploy \(name)' makes it that"]
            return News(notes: notes, isForDeployment: false, image: id, failure: nil)
        }
        if let finding = try site.check(name).findings.first(where: { $0.weight == .error }) {
            throw Failure(
                "could not deploy '\(name)', \(title): \(finding.subject): \(finding.text)",
                hint: "docker-btrfs check \(name) tells all that is wrong with it")
        }
        return News(notes: [], isForDeployment: true, image: id, failure: nil)
    }

    /// Whether what an engine complains of is that it came to no registry: in the words of Go's packages net and net/http, by which all of
    /// them ask. None of these is part of an image's name.
    static func isOfNetwork(_ complaint: String) -> Bool {
        let reasons = [
            "dial tcp", "dial udp", "no such host", "i/o timeout", "TLS handshake timeout", "Client.Timeout", "deadline exceeded",
            "connection reset",
        ]
        return !isOfEngine(complaint) && reasons.contains { complaint.contains($0) }
    }

    /// Whether it is that the engine itself does not run: `dial unix` is how a client asks it.
    static func isOfEngine(_ complaint: String) -> Bool {
        ["dial unix", "Cannot connect to the Docker daemon"].contains { complaint.contains($0) }
    }

    /// Fails where its name means another image by now, which nobody looked at.
    public func confirm(_ news: News, on site: Site) throws(Failure) {
        if try site.imageID(of: name) == news.image?.description { return }
        throw Failure("could not deploy '\(name)': it is another image now than the one that was pulled", hint: "run this again")
    }

    /// Notes what came of it. Returns whether there is something new to boot.
    public func finish(_ news: News, on site: Site) throws(Failure) -> Bool {
        let deployed = news.isForDeployment ? news.image : nil
        try note(news.image, deployed: deployed, failure: news.failure, on: site)
        return deployed != nil && news.image != before
    }

    /// Notes that it failed.
    public func fail(_ error: any Error, on site: Site) {
        // What is told of is the failure itself.
        try? note(nil, deployed: nil, failure: (error as? Failure)?.message ?? "\(error)", on: site)
    }

    /// `image` is what the registry has; nil where that is not known, and stays what it was.
    private func note(_ image: ImageID?, deployed: ImageID?, failure: String?, on site: Site) throws(Failure) {
        try site.write(
            Update(
                time: secondsNow(), name: name, image: image?.digest.hex ?? (last?.name == name ? last?.image : nil),
                deployed: deployed?.digest.hex,
                // A registry's message may have any length.
                failure: failure.map { String($0.prefix(1000)) },
                pulled: (last?.pulled ?? PulledImages()).adding(image, to: name)))
    }

    /// A person sees how far it is. Returns what the engine complained of; nil where it pulled.
    private func runPull() async throws(Failure) -> String? {
        let command = engine.words + ["pull", name]
        let isSeen = isatty(STDOUT_FILENO) == 1
        let end: ProgramOutcome?
        do throws(Failure) {
            // Without this program it would go on, and nobody deploys what it brings.
            end = try await Interruption.taken { () throws(Failure) in
                let outcome = if isSeen { try await runShowing(command) } else { try await runProgram(command) }
                try Interruption.check()
                return outcome
            }
        } catch {
            throw Failure("could not pull '\(name)': \(error.message)", hint: error.hint)
        }
        guard let outcome = end else {
            throw Failure(
                "could not pull '\(name)': there is no program '\(engineName)'",
                hint: "install it: the engine of the images' store is what pulls")
        }
        return outcome.status == 0 ? nil : outcome.complaint
    }

    /// As the registry names it.
    private func digest() async throws(Failure) -> String {
        let command = engine.words + ["image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", name]
        let lines = try await runProgram(command)?.output.split(separator: UInt8(ascii: "\n")) ?? []
        let digests = lines.compactMap { display($0).split(separator: "@").last }
        return digests.first.map { String($0) } ?? "no digest"
    }
}

extension Site {
    /// The image to pull: without a name it is the default's. Fails where its registry is not said: `docker pull desktop` would take
    /// somebody else's image for one that was built here.
    public func following(_ asked: String?) throws(Failure) -> Following {
        let last = try update()
        let all = try Deployment.all(on: topLevel).deployments
        let standing = all.first
        guard let reference = if let asked { try ImageReference(asked) } else { standing?.reference } else {
            throw Failure(
                "could not tell which image to pull: none was deployed yet", hint: "name one: docker-btrfs deploy --pull REGISTRY/IMAGE")
        }
        guard case .name(let name) = reference.kind, case .tag = name.selector else {
            throw Failure("could not pull '\(reference)': only a name with a tag may become another image", hint: "name it with its tag")
        }
        // Docker Hub's are followed from the one on that came from there. Podman calls localhost what it built.
        let isPulled = standing.map { last?.pulled.has($0.imageID, as: name.full) == true } ?? false
        let isSaid = asked?.begins(with: "docker.io/") == true || name.hasRegistry || isPulled
        if !isSaid {
            let pull = "docker-btrfs deploy --pull \(name.full), if that is the one"
            let hint = name.host == "localhost" ? "build it anew, and deploy that" : pull
            throw Failure("could not pull '\(reference)': its name has no registry, and it may have been built here", hint: hint)
        }
        let store = try storeFilesystem()
        // The first pull may be what makes the store: containerd has no namespace of Docker's before.
        let root = try (store?.top ?? topLevel).directory(at: settings.store)
        let engine = Engine(of: try? imageStores(in: store), in: root, try settings.storeChoice(on: volume))
        return try Following(name, engine: engine, site: self, before: next(among: all)?.imageID, last: last)
    }
}

extension ImageName {
    /// Whether it says where it comes from: what an engine built itself is Docker Hub's by its name, or localhost's.
    var hasRegistry: Bool { !["", "docker.io", "localhost"].contains(host) }
}
