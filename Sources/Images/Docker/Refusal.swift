internal import Basics

/// Why a directory without the files of Docker's btrfs driver cannot be used, by what is there instead.
func refusal(of root: Directory) throws(Failure) -> Failure {
    let place = root.show(.top)
    if let driver = try otherDriver(in: root) {
        return Failure(
            "could not use the docker data-root '\(place)': its images are kept by the \(driver) driver, not by btrfs",
            hint: btrfsHint
        )
    }
    for metadata: Path in ["io.containerd.metadata.v1.bolt", "containerd/daemon/io.containerd.metadata.v1.bolt"] {
        if try root.target(of: metadata) == nil { continue }
        return Failure("could not use '\(place)': its images are kept by containerd, not by docker's btrfs driver", hint: btrfsHint)
    }
    let names = try root.names()
    for name in names where isRemapped(name) {
        guard try root.target(of: Path.top.appending(name: name) / "image")?.kind == .directory else { continue }
        return Failure(
            "could not use the docker data-root '\(place)': its images are in '\(display(name))' with shifted owners (userns-remap)",
            hint: "docker must run without userns-remap; then pull or build the image again"
        )
    }
    return Failure(
        "could not use '\(place)': it is not a docker data-root, which has a directory 'image'",
        hint: names.isEmpty ? "the directory is empty" : "it has " + shortList(names.map { display($0) })
    )
}

private let btrfsHint = "set \"storage-driver\": \"btrfs\" in /etc/docker/daemon.json, restart docker, then pull or build the image again"

/// A graph driver that keeps images here.
private func otherDriver(in root: Directory) throws(Failure) -> String? {
    for name in try root.directory(at: "image")?.names() ?? [] {
        let imagedb = ("image" as Path).appending(name: name) / "imagedb"
        if try root.target(of: imagedb) != nil { return display(name) }
    }
    return nil
}

/// `<uid>.<gid>`
private func isRemapped(_ name: [UInt8]) -> Bool {
    let (uid, gid) = name.cut(at: UInt8(ascii: "."))
    guard let gid, !uid.isEmpty, !gid.isEmpty else { return false }
    return uid.allSatisfy(isDigit) && gid.allSatisfy(isDigit)
}
