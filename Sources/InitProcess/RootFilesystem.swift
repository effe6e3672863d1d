public import Basics
public import Boot
public import Linux

/// The filesystem that the kernel command line wants for the root.
public struct RootFilesystem: Equatable, Sendable {
    public let arguments: RootArguments

    public init(_ arguments: RootArguments) {
        self.arguments = arguments
    }

    public var access: MountAccess { arguments.isWritable ? .readWrite : .readOnly }

    /// Waits so many seconds, or without end, until the device is there with all others of its filesystem. Fails where a
    /// hibernated system holds it. `tell` gets a line where that takes long.
    public func waiting(seconds: Int?, _ tell: (String) -> Void) throws(Failure) -> BlockDevice {
        var devices = try BlockDevices()
        let found = try devices.waiting(
            for: arguments.device, key: "root", seconds: seconds, degraded: arguments.flags.contains("degraded"), tell)
        if !arguments.ignoresHibernation { try devices.checkHibernation() }
        return found
    }

    /// How the device is to be mounted. Fails where nothing says what is on it.
    public func mount(of device: BlockDevice) throws(Failure) -> MountRequest {
        let types = arguments.filesystemTypes
        if types.isEmpty { try device.checkIsOpen(key: "root") }
        let known = device.filesystemType
        guard let type = types.isEmpty ? known : types.first(where: { $0 == known }) ?? types.first else {
            throw Failure(
                "could not mount '\(device.path)' (root=): no filesystem was recognised on it",
                hint: "say rootfstype=TYPE if there is one, or another root="
            )
        }
        return MountRequest(device, key: "root", filesystemType: type, options: arguments.flags)
    }
}
