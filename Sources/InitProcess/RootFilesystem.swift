public import Basics
public import Boot
public import Linux

/// The filesystem that the kernel command line wants for the root: `root=`, `rootfstype=`, `rootflags=`, `ro` and `rw`.
public struct RootFilesystem: Equatable, Sendable {
    public let device: DeviceName
    /// In the order in which they are to be tried; none: what is recognised on the device.
    public let types: [String]
    /// Several `rootflags=` are joined, as systemd does.
    public let options: [String]
    public let access: MountAccess
    /// How long to wait for the device; nil: without end.
    public let seconds: Int?
    /// `noresume`: a hibernated system is given up.
    public let ignoresHibernation: Bool

    public init(_ line: KernelCommandLine) throws(Failure) {
        device = try line.device("root")
        types = line.value("rootfstype").map { Boot.options($0) }?.filter { $0 != "auto" } ?? []
        let flags = line.values("rootflags").flatMap { Boot.options($0) }
        options = flags
        // As the kernel takes it: the last word counts, and without one the root is read-only.
        let words = line.parameters.filter { $0.value == nil }.map { $0.key } + flags
        access = words.last { $0 == "ro" || $0 == "rw" } == "rw" ? .readWrite : .readOnly
        seconds = try line.patience().seconds
        ignoresHibernation = line.last("noresume") != nil
    }

    /// Waits so many seconds, or without end, until the device is there with all others of its filesystem. Fails where a
    /// hibernated system holds it.
    public func waiting(seconds: Int?) throws(Failure) -> BlockDevice {
        var devices = try BlockDevices()
        let found = try devices.waiting(for: device, key: "root", seconds: seconds, degraded: options.contains("degraded"))
        if !ignoresHibernation { try devices.checkHibernation() }
        return found
    }

    /// How the device is to be mounted. Fails where nothing says what is on it.
    public func mount(of device: BlockDevice) throws(Failure) -> MountRequest {
        let known = device.filesystemType
        guard let type = types.isEmpty ? known : types.first(where: { $0 == known }) ?? types.first else {
            throw Failure(
                "could not mount '\(device.path)' (root=): no filesystem was recognised on it",
                hint: "say rootfstype=TYPE if there is one, or another root="
            )
        }
        return MountRequest(device: device.path, filesystemType: type, options: options)
    }
}
