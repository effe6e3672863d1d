import Files
import Glibc

/// The variables that tell which docker is meant, and that docker has for its plug-ins.
func surroundings() -> [String: String] {
    var found: [String: String] = [:]
    for name in [DockerPlugin.sign, "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "HOME"] {
        if let value = getenv(name) { found[name] = String(cString: value) }
    }
    return found
}

/// Whether root is kept from mounting, as in a container; false where that cannot be told.
func isConfined() -> Bool {
    isConfined(status: fileText("/proc/self/status"), users: fileText("/proc/self/uid_map"))
}

/// `status` and `users` are the kernel's words for a process: it lacks CAP_SYS_ADMIN, or has it in a user namespace alone.
func isConfined(status: String, users: String) -> Bool {
    let capabilities = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        .flatMap { UInt64($0.split(whereSeparator: \.isWhitespace).last ?? "", radix: 16) }
    let map = users.split(whereSeparator: \.isWhitespace)
    return capabilities.map { $0 & 1 << 21 == 0 } ?? false || !map.isEmpty && map != ["0", "0", "4294967295"]
}
