internal import Basics

/// Why a directory without a store that can be read cannot be used, by what is there instead.
func unusable(_ root: Directory, isDataRoot: Bool) throws(Failure) -> Failure {
    let place = root.show(.top)
    if let driver = try otherDriver(in: root) { return unusableDriver(driver, at: place) }
    let names = try root.names()
    if let name = try remapped(names, in: root) { return remappedUsers(name, at: place) }
    if let driver = podmanDriver(names) {
        let sentence = "could not use podman's store '\(place)':"
        // Its list is made with the first image.
        if StoreKind("podman-\(driver)") != nil {
            return Failure("\(sentence) no image is there yet", hint: "podman pull or podman build makes one")
        }
        return Failure(
            "\(sentence) its images are kept by the \(driver) driver",
            hint: "say driver = \"overlay\" in storage.conf, run 'podman system reset', then pull or build the image again"
        )
    }
    for disk: Path in ["Docker.raw", "vms/0/data/Docker.raw", "desktop/vms/0/data/Docker.raw"] where try root.target(of: disk) != nil {
        return Failure(
            "could not use '\(place)': it is of Docker Desktop, which keeps images in the disk of a virtual machine",
            hint: "install docker itself and copy the image: docker --context desktop-linux save NAME | sudo docker --context default load"
        )
    }
    if isDataRoot {
        return Failure(
            "could not use the docker data-root '\(place)': it has no images, and there is no containerd store in it or beside it",
            hint: "docker keeps its images with containerd: docker_path= names containerd's root, usually /var/lib/containerd"
        )
    }
    return try noStore(root, names)
}

private func unusableDriver(_ driver: String, at place: String) -> Failure {
    Failure(
        "could not use the docker data-root '\(place)': its images are kept by the \(driver) driver",
        hint: "take \"storage-driver\" out of /etc/docker/daemon.json, restart docker, then pull or build the image again"
    )
}

private func remappedUsers(_ name: [UInt8], at place: String) -> Failure {
    Failure(
        "could not use the docker data-root '\(place)': its images are in '\(display(name))' with shifted owners (userns-remap)",
        hint: "docker must run without userns-remap; then pull or build the image again"
    )
}

/// The stores of Docker in a data-root that have images and cannot be read.
func unreadableStores(of root: Directory) throws(Failure) -> [BrokenStore] {
    var found: [BrokenStore] = []
    let place = root.show(.top)
    for driver in try folders(in: "image", of: root) where !GraphDriver.allCases.contains(where: { $0.metadata == driver }) {
        if let changed = try lastImage(of: driver, in: root) {
            found.append(BrokenStore(failure: unusableDriver(display(driver.name), at: place), changed: changed))
        }
    }
    for name in try root.names() where isRemapped(name) {
        for driver in try folders(in: Path.top.appending(name: name) / "image", of: root) {
            if let changed = try lastImage(of: driver, in: root) {
                found.append(BrokenStore(failure: remappedUsers(name, at: place), changed: changed))
            }
        }
    }
    return found
}

private func folders(in path: Path, of root: Directory) throws(Failure) -> [Path] {
    guard try root.target(of: path)?.kind == .directory else { return [] }
    return try root.directory(at: path)?.names().map { path.appending(name: $0) } ?? []
}

/// When a driver's images were last named; nil where it has none.
private func lastImage(of driver: Path, in root: Directory) throws(Failure) -> Int? {
    if try folders(in: driver / "imagedb/content/sha256", of: root).isEmpty { return nil }
    return try root.status(of: driver / "repositories.json")?.modified
}

private func noStore(_ root: Directory, _ names: [[UInt8]]) throws(Failure) -> Failure {
    let sentence = "could not use '\(root.show(.top))': it is neither a docker data-root nor containerd's root nor podman's graphroot"
    // btrfs shows an empty directory of inode 2 where a snapshot left a subvolume out.
    if names.isEmpty, root.isOnBtrfs, try root.status(of: .top)?.inode == 2 {
        return Failure(
            "\(sentence), only the empty place of a subvolume in a snapshot",
            hint: "snapshots leave out subvolumes: docker_path must name the original store"
        )
    }
    return Failure(sentence, hint: names.isEmpty ? "the directory is empty" : "it has " + shortList(names.map { display($0) }))
}

/// A graph driver of Docker that keeps images here.
private func otherDriver(in root: Directory) throws(Failure) -> String? {
    for name in try root.directory(at: "image")?.names() ?? [] {
        let imagedb = ("image" as Path).appending(name: name) / "imagedb"
        if try root.target(of: imagedb) != nil { return display(name) }
    }
    return nil
}

private func remapped(_ names: [[UInt8]], in root: Directory) throws(Failure) -> [UInt8]? {
    for name in names where isRemapped(name) {
        if try root.target(of: Path.top.appending(name: name) / "image")?.kind == .directory { return name }
    }
    return nil
}

/// `<uid>.<gid>`
private func isRemapped(_ name: [UInt8]) -> Bool {
    let (uid, gid) = name.cut(at: UInt8(ascii: "."))
    guard let gid, !uid.isEmpty, !gid.isEmpty else { return false }
    return uid.allSatisfy(isDigit) && gid.allSatisfy(isDigit)
}

/// `DRIVER-images` beside `DRIVER-layers`
private func podmanDriver(_ names: [[UInt8]]) -> String? {
    let ending = "-images".utf8
    for name in names where name.suffix(ending.count).elementsEqual(ending) {
        let driver = name.dropLast(ending.count)
        if names.contains(driver + Array("-layers".utf8)) { return display(driver) }
    }
    return nil
}
