import ArgumentParser
import Basics
import Deployments
import DiskImages
import Files

struct DeployCommand: AsyncParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Make an image the next boot.",
        discussion: """
            Its layer is held, or its layers are merged to one; its kernel goes where the boot loader reads it, with the image's own initramfs where docker-btrfs-init is \
            in that, else with one that is built here; then the boot menu names it. The deployments before stay in the menu. Nothing is \
            written where all is so already. With --pull the engine is asked for a new one first, from the registry in the image's \
            name; where that cannot be reached and the name is deployed already, it is as if there were nothing new. What check finds wrong with a new one is refused. \
            /run/reboot-required says that one was deployed.
            """
    )
    static let completed = CompletedNames.images

    @Argument(help: "The image, as Docker names it; without one, what the default's name means now.", completion: .names(completed))
    var image: String?

    @OptionGroup var place: DeploymentPlace

    @Flag(help: "Pull it first: registry.lan/desktop, docker.io/library/debian.")
    var pull = false

    @Flag(help: "After a pull that brought something: remove what was deployed of that name before, as prune --keep 1 does.")
    var prune = false

    @Option(help: ArgumentHelp("The kernel, as lib/modules names it, where the image has several.", valueName: "version"))
    var kernel: String?

    @Flag(help: "Boot it in a virtual machine first, and change nothing unless that boot is good: see 'rehearse'.")
    var rehearse = false

    @OptionGroup var rehearsal: RehearsalOptions

    @Flag(help: "The next boot alone; the default stays what it is. GRUB and systemd-boot can do that. A deploy without it takes it back.")
    var once = false

    @OptionGroup var initProgram: InitProgram

    func validate() throws {
        if pull && rehearse { throw ValidationError("--pull rehearses nothing: pull it, then deploy it with --rehearse") }
        if prune && !pull { throw ValidationError("--prune goes with --pull; 'docker-btrfs prune' removes deployments at any time") }
        if !rehearse, let option = rehearsal.firstGiven { throw ValidationError("\(option) goes with --rehearse") }
        if pull && once { throw ValidationError("--pull makes the default another one, and --once leaves it") }
    }

    func run() async throws {
        if rehearse {
            if place.dryRun {
                show("boot it in a virtual machine, and go on only where that boot is good")
            } else {
                try await rehearseFirst()
            }
        }
        guard pull else { return try await deploy(image, on: place.open()) }
        // A registry may be slow: the lock is taken only when the image is here.
        let following = try place.place.site().following(image)
        if following.engineName == "docker" { _ = try DockerPlugin.docker(surroundings()) }
        if place.dryRun {
            show("pull \(following.name) with \(following.engineName)")
            return tell(note: "all else is planned when it is here")
        }
        var locked: Site?
        do {
            let news = try await following.pull(say: show)
            for note in news.notes { tell(note: note) }
            let site = try place.open()
            locked = site
            if news.isForDeployment {
                try following.confirm(news, on: site)
                try await deploy(following.name, on: site)
            }
            let isNew = try following.finish(news, on: site)
            // A convention of Debian, for the running system alone.
            if isNew && place.place.topLevel == nil {
                // A failure here changes nothing of what was deployed.
                try? replaceFile("/run/reboot-required", with: Array("*** System restart required ***\n".utf8))
            }
            if prune && news.isForDeployment {
                do { try place.finish(site.pruning(keeping: 1, named: following.name)) } catch { tell(note: "\(error)") }
            }
        } catch {
            // Where another command has the lock, that one writes there.
            if let site = locked ?? (try? place.open()) { following.fail(error, on: site) }
            throw error
        }
    }

    /// That boot takes a while: the lock is taken only after it.
    private func rehearseFirst() async throws {
        try enterOwnMounts()
        let site = try place.place.site()
        let name = if let image { image } else { try site.usualName() }
        if once { try site.checkOnce(name) }
        let outcome = try await rehearsal.rehearse(
            name, on: site, kernel: kernel, program: initProgram, isQuiet: false, isVerbose: false)
        if outcome.status != 0 {
            tell("nothing was deployed, for the rehearsal was not good")
            throw ExitCode(outcome.status)
        }
        if try site.imageID(of: name) != outcome.id {
            throw Failure("could not deploy '\(name)': it is another image now than the one that was rehearsed", hint: "deploy it again")
        }
    }

    private func deploy(_ image: String?, on site: Site) async throws {
        if once { try site.checkOnce(image) }
        let program = try initProgram.found()
        let merge = try showingProgress { progress throws(Failure) in
            try site.merging(image, kernel: kernel, progress: progress)
        }
        if let merge {
            if place.dryRun { return try place.finish(merge) }
            try showingProgress { progress throws(Failure) in try merge.perform(say: show, progress: progress) }
        }
        try place.finish(try await site.deploying(image, kernel: kernel, once: once, program: program, say: show))
    }
}
