public import Basics
public import Boot
internal import Linux

extension Request {
    /// What the machine is asked to boot: by the running kernel's command line and the initramfs's configuration, unless
    /// others are given. nil where nothing asks for docker-btrfs. Fails where systemd would mount another root.
    public init?(commandLine: String?, configurationFile: String?) throws(Failure) {
        let line = try KernelCommandLine.asked(by: commandLine)
        if commandLine != nil {
            try self.init(reading: line, configurationFile)
        } else {
            try self.init(own: line, configurationFile: configurationFile)
        }
    }

    /// What the machine is asked to boot by the command line that it was started with.
    public init?(own line: KernelCommandLine, configurationFile: String? = nil) throws(Failure) {
        try self.init(reading: line, configurationFile)
        if let unit = try fileContents(MountUnit.path) { try MountUnit(unit).check(self) }
    }

    private init?(reading line: KernelCommandLine, _ configurationFile: String?) throws(Failure) {
        // A boot that is none of ours does not end at our configuration either.
        if !Self.isAsked(by: line) { return nil }
        do throws(Failure) {
            // Nor does one that names its image end at a configuration that is damaged.
            try self.init(line, Self.isImageNamed(by: line) ? .none : Self.configuration(configurationFile))
        } catch {
            // What is missing may be there, with a mistake in its name.
            throw line.strayKeys.reversed().reduce(error) { $0.hinting(first: $1) }
        }
    }

    private static func configuration(_ file: String?) throws(Failure) -> Configuration {
        if let content = try fileContents(file ?? Configuration.path) {
            return try Configuration(parsing: content, name: file ?? Configuration.path)
        }
        guard let file else { return .none }
        throw Failure("could not open '\(file)': it is not there")
    }
}

extension Request {
    /// What this machine may be called in a folder of layers, from what it shares with others to what is only its own.
    package var machineNames: [String] { [hostname].compactMap { $0 } + hardwareNames() + [machineID].compactMap { $0 } }
}
