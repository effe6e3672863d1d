internal import Basics
internal import Boot
internal import CHooks
internal import Initramfs

/// The programs and units that a top layer brings into each root.
extension SetupPlan {
    /// An image needs nothing of ours inside: what marks a boot as good, and what deploys the next image, come with the top layer.
    mutating func addPrograms(_ initProgram: String, _ companion: String?) throws(Failure) {
        guard let program = try fileContents(initProgram) else {
            throw Failure("could not open '\(initProgram)': it is not there", hint: "say where docker-btrfs-init is: --init FILE")
        }
        try checkInitProgram(initProgram)
        try replace(programPath, program, about: "marks a boot as good")
        try addUnit("docker-btrfs-good.service", hooks_systemd_booted, wantedBy: "multi-user.target")
        guard let companion else { return }
        guard let program = try fileContents(companion) else { throw Failure("could not open '\(companion)': it is not there") }
        try replace("usr/bin/docker-btrfs", program, about: "deploys the next image")
        try addLink("usr/libexec/docker/cli-plugins/docker-btrfs", to: "../../../bin/docker-btrfs")
    }

    mutating func addUpdate(isEnabled: Bool) throws(Failure) {
        try add(
            unit: "etc/systemd/system/docker-btrfs-update.service", hooks_machine_update, about: "follows a registry, where it is enabled")
        let folder: Path = "etc/systemd/system"
        try add(unit: folder / "docker-btrfs-update.timer", hooks_machine_update_timer, about: "the same")
        let link = folder / "timers.target.wants/docker-btrfs-update.timer"
        if !isEnabled { return }
        if try topLevel.status(of: topLayer / link) != nil { return }
        try addLink(link, to: "../docker-btrfs-update.timer", about: "each root to come pulls and deploys once a day")
        if let next = try Deployment.all(on: topLevel).deployments.first?.reference, case .name(let name) = next.kind, !name.hasRegistry {
            notes.append(
                """
                --update pulls what is deployed by its name, and '\(next)' names no registry: where it was built here, \
                'docker-btrfs deploy --pull REGISTRY/NAME' begins to follow one
                """)
        }
    }

    /// A program of ours, where it is not there or of another version.
    mutating func replace(_ path: Path, _ program: [UInt8], about: String) throws(Failure) {
        let place = topLayer / path
        if try topLevel.contents(of: place)?.elementsEqual(program) == true { return }
        try makeFolder(place.parent)
        changes.append(.write(place, program, mode: 0o755, about: about))
    }

    mutating func addUnit(_ name: String, _ file: hooks_file, wantedBy target: String, about: String = "the same") throws(Failure) {
        guard let unit = Path("etc/systemd/system/\(name)"), let link = Path("etc/systemd/system/\(target).wants/\(name)") else { return }
        try add(unit: unit, file, about: about)
        try addLink(link, to: "../\(name)")
    }

    /// One that is there may be a person's, or an earlier version's: nobody can tell.
    private mutating func add(unit: Path, _ file: hooks_file, about: String) throws(Failure) {
        try add(unit, bytes(file), about: about)
        let place = topLayer / unit
        if let standing = try topLevel.contents(of: place), standing != bytes(file) {
            notes.append("'\(place)' is not as this version has it, and stays: where nobody changed it, remove it and run setup again")
        }
    }

    func bytes(_ file: hooks_file) -> [UInt8] { Array(UnsafeBufferPointer(start: file.bytes, count: Int(file.count))) }
}
