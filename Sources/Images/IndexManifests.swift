internal import Basics

/// The manifests that an index lists, those for this machine first.
func instances(of manifests: [JSON]) -> [Digest] {
    manifests.filter { !isAttestation($0) }.sortedByNumbers { [rank($0)] }.compactMap { $0["digest"]?.string.flatMap { Digest($0) } }
}

/// What BuildKit tells of a build lies beside the manifests in their form.
private func isAttestation(_ manifest: JSON) -> Bool {
    let platform = manifest["platform"]
    return manifest["annotations"]?["vnd.docker.reference.type"]?.string != nil || platform?["os"]?.string == "unknown"
        || platform?["architecture"]?.string == "unknown"
}

/// What says that it is for this machine comes first, then what says nothing. A variant may be too new for it.
private func rank(_ manifest: JSON) -> Int {
    guard let architecture = manifest["platform"]?["architecture"]?.string else { return 2 }
    if !isForThisMachine(os: manifest["platform"]?["os"]?.string ?? "", architecture: architecture) { return 3 }
    return manifest["platform"]?["variant"]?.string == nil ? 0 : 1
}
