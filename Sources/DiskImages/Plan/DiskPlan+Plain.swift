internal import Basics
internal import Images

extension DiskPlan {
    /// A disk whose root is the image's files with the top layer over them, once and for all: no store, no roots, nothing of docker-btrfs
    /// beside the /init of its initramfs.
    mutating func addPlainSteps(
        _ plain: PlainFilesystem, _ layout: DiskLayout, _ check: DiskCheck, _ kernel: String, _ given: GivenTopLayer?
    ) throws(Failure) {
        steps = [.makeDisk(layout), .formatSystem(layout)]
        for (path, text) in nameFiles { add(path, text, about: "the machine's name") }
        try addService(check, kernel, layout)
        try addFiles(layout, check, given)
        steps.append(.layTree)
        if let password { steps.append(.setPassword(password)) }
        steps += [.addPlainKernel(kernel), .fillRoot(plain, layout), .addLoader(choices.loader), .fillSystem]
        addEnd(layout)
    }

    /// What says how the machine is called.
    var nameFiles: [(path: Path, text: String)] {
        let name = choices.hostname ?? usualName
        return [
            ("etc/hostname", name + "\n"), ("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 \(name)\n::1 localhost ip6-localhost\n"),
        ]
    }

    /// From the image's name: letters, digits and hyphens.
    private var usualName: String {
        guard case .name(let name) = source.image.reference.kind else { return "docker-btrfs" }
        let last = name.path.split(separator: "/").last ?? ""
        let text = String(last.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(63))
        return text.isEmpty ? "docker-btrfs" : text
    }
}
