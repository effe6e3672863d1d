public import Basics

/// A filesystem with a store of images that is not the root's, open.
public struct StoreFilesystem: Sendable {
    public let device: DeviceName
    public let top: Directory

    public init(device: DeviceName, top: Directory) {
        self.device = device
        self.top = top
    }
}
