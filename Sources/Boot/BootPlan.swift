public import Basics
internal import Images
public import Planning

extension Plan {
    /// The plan of a boot: a new root is built in the workshop, and swapped in when it is complete and on the disk.
    ///
    /// Fails where the image cannot be booted on this machine, and where the root's name is taken by something that
    /// docker-btrfs did not make.
    public init(for request: Request, given facts: Facts) throws(Failure) {
        try checkPlatform(facts.image)
        try checkContents(facts.contents, of: request.image, initProgram: request.initProgram)
        let new = Layout.workplace(of: request.name)
        let building = prepare(for: new, facts) + build(new, request, facts)
        switch facts.standing {
        case .nothing:
            self.init(steps: building + [.rename(new, to: request.name)], afterwards: [])
        case .root:
            // After the exchange the old root lies where the new one was built.
            self.init(steps: building + [.exchange(new, request.name)], afterwards: [.deleteSubvolume(new)])
        case .foreign(let what):
            throw Failure(
                "could not replace '\(request.name)': it is \(what) that docker-btrfs did not make",
                hint: "give rootflags=subvol= a name that is not taken, for example \(display(request.name.bytes))_docker"
            )
        }
    }
}

private func prepare(for new: Path, _ facts: Facts) -> [Step] {
    var steps: [Step] = []
    if !facts.hasWorkshop { steps.append(.createDirectory(Layout.workshop, permissions: 0o700)) }
    if facts.hasLeftover { steps.append(.deleteSubvolume(new)) }
    return steps + facts.missingParents.map { .createDirectory($0, permissions: 0o755) }
}

private func build(_ new: Path, _ request: Request, _ facts: Facts) -> [Step] {
    let origin = Origin(
        reference: request.image,
        imageID: facts.image.id.description,
        chainID: facts.image.chainID.description
    )
    var steps: [Step] = [.snapshot(of: request.dockerPath / facts.image.layer, at: new), .mark(new, as: origin)]
    steps += facts.contents.missingDirectories.map { .createDirectory(new / $0, permissions: $0 == "tmp" ? 0o1777 : 0o755) }
    // systemd takes a root with this file for a container.
    if facts.contents.hasContainerMark { steps.append(.removeFile(new / ".dockerenv")) }
    if let layer = request.topLayer {
        steps.append(.copyTopLayer(source: layer.path, device: layer.device.description, destination: new))
    }
    return steps + [.sync]
}

private func checkPlatform(_ image: Image) throws(Failure) {
    #if arch(x86_64)
        let machine = "amd64"
    #elseif arch(arm64)
        let machine = "arm64"
    #endif
    // Both are empty in images that do not say, such as early `docker import` ones.
    if ["linux", ""].contains(image.os) && [machine, ""].contains(image.architecture) { return }
    let os = image.os.isEmpty ? "linux" : image.os
    let platform = display("\(os)/\(image.architecture.isEmpty ? machine : image.architecture)".utf8)
    throw Failure(
        "could not use the image '\(image.reference)': it is for \(platform), and this machine is linux/\(machine)",
        hint: "build or pull it with --platform linux/\(machine)"
    )
}

private func checkContents(_ contents: Facts.Contents, of image: String, initProgram: Path?) throws(Failure) {
    if contents.initProgram == nil {
        throw Failure(
            "could not use the image '\(image)': it has no init: there is no program '\(initProgram ?? "sbin/init")'",
            hint: "install systemd-sysv or another init in the Dockerfile, or say init=PATH on the kernel command line"
        )
    }
    if !contents.hasOSRelease {
        throw Failure(
            "could not use the image '\(image)': it has neither '/etc/os-release' nor '/usr/lib/os-release', and systemd starts no root without",
            hint: "add an /etc/os-release in the Dockerfile or in the top layer"
        )
    }
}
