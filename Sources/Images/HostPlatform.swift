/// What Go calls this machine's architecture (GOARCH).
#if arch(x86_64)
    public let hostArchitecture = "amd64"
#elseif arch(arm64)
    public let hostArchitecture = "arm64"
#endif

/// Whether an image of that platform starts here. Both are empty in images that do not say, such as early `docker import` ones.
public func isForThisMachine(os: String, architecture: String) -> Bool {
    ["linux", ""].contains(os) && [hostArchitecture, ""].contains(architecture)
}
