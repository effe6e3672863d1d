public import Basics
public import Boot

/// Where the configuration lies in an initramfs.
public let configurationPath = "/etc/docker-btrfs.json"

extension Request {
    /// What the machine is asked to boot: by the running kernel's command line and the initramfs's configuration, unless
    /// others are given. nil where the command line has no `docker_path=`.
    public init?(commandLine: String?, configurationFile: String?) throws(Failure) {
        let configuration = try Self.configuration(configurationFile)
        guard let request = try Request(Self.commandLine(commandLine), configuration) else { return nil }
        self = request
    }

    private static func commandLine(_ text: String?) throws(Failure) -> KernelCommandLine {
        if let text { return KernelCommandLine(text.utf8) }
        guard let running = try fileContents("/proc/cmdline") else {
            throw Failure("could not read '/proc/cmdline': it is not there", hint: "mount /proc, or give --cmdline TEXT")
        }
        return KernelCommandLine(running)
    }

    private static func configuration(_ file: String?) throws(Failure) -> Configuration {
        if let content = try fileContents(file ?? configurationPath) {
            return try Configuration(parsing: content, name: file ?? configurationPath)
        }
        guard let file else { return .none }
        throw Failure("could not open '\(file)': it is not there")
    }
}
