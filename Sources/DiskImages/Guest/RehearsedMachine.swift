public import Basics
internal import Boot
internal import BootEntries
internal import CLinux
public import Deployments
internal import Files
internal import Linux

/// A machine whose next boot is tried on a disk of its own.
public struct RehearsedMachine: Sendable {
    let settings: Settings
    /// What is laid over the image.
    let topLayer: Directory
    /// The images' store. It has layers that are sent where it is on the root's filesystem.
    let store: ImageSource.Place
    private let volume: BootVolume
    private let device: String

    /// Fails where its top layers are chosen by what the virtual machine does not have.
    public init(of site: Site) throws(Failure) {
        settings = site.settings
        (volume, device) = (site.volume, site.device)
        let other = try site.storeFilesystem()
        let filesystem = other?.top ?? site.topLevel
        let stores = try site.imageStores(in: other)
        guard let dataRoot = try filesystem.directory(at: settings.store) else {
            throw Failure("could not find the images' store '\(settings.store)'", hint: "docker-btrfs setup looks for it again")
        }
        store = ImageSource.Place(
            stores: stores, filesystem: filesystem, dataRoot: dataRoot, btrfs: other == nil ? (site.device, settings.store) : nil)
        guard let folder = try site.topLevel.directory(at: settings.topLayer) else {
            throw Failure("could not find the top layer '\(settings.topLayer)'", hint: "docker-btrfs setup makes one")
        }
        if try folder.status(of: Layout.machineLayers)?.kind == .directory {
            throw Failure(
                "could not rehearse a boot with '\(settings.topLayer)': it holds layers that are chosen by the machine's own names, which a virtual machine does not have"
            )
        }
        topLayer = folder
    }

    /// Whether a device of fstab is the root's filesystem.
    private func isRoot(_ name: DeviceName) -> Bool {
        let path: String
        switch name {
        case .uuid(let value): return value == volume.uuid
        case .label(let value): return value == volume.label
        case .partitionUUID(let value): return value.lowercased() == volume.partition?.lowercased()
        case .partitionLabel(let value): path = "/dev/disk/by-partlabel/\(value)"
        case .path(let value): path = value
        }
        var (one, other) = (stat(), stat())
        return stat(path, &one) == 0 && stat(device, &other) == 0 && one.st_rdev == other.st_rdev
    }

    /// Where the top layer is, as long as this process runs.
    var topLayerPath: String { topLayer.pathForPrograms }

    func topLayerSize() throws(Failure) -> Int {
        do throws(Failure) { return try topLayer.contentSize() } catch {
            throw Failure("could not look at all of the top layer '\(settings.topLayer)': \(error.message)", hint: error.hint)
        }
    }

    /// The top layer's fstab for the rehearsal's disk.
    struct Table {
        private(set) var text = ""
        /// That of the machine's.
        fileprivate(set) var mode: UInt32 = 0o644
        /// What it mounts of the root's filesystem, from the top level.
        private(set) var subvolumes: [Path] = []
        private(set) var notes: [String] = []

        /// What is on the root's filesystem is on the rehearsal's, empty. What is on another disk of this machine is left out, for the
        /// rehearsal has one disk; what this machine does not have either stays, and stops this boot as it would the next.
        init(
            parsing content: [UInt8], on rootUUID: String, isRoot: (DeviceName) -> Bool, isHere: (DeviceName) throws(Failure) -> Bool
        ) throws(Failure) {
            let file = try MountsFile(parsing: content)
            try file.remove { line throws(Failure) in
                guard let device = line.device else { return false }
                let place = display(line.target.utf8)
                if isRoot(device) {
                    if line.subvolume != nil || Self.kept(line) == line.options { return false }
                    notes.append("\(place) is not rehearsed: only its number says which subvolume it is")
                    return true
                }
                if try !isHere(device) { return false }
                notes.append("\(place) is not rehearsed: it is on \(device), another disk of this machine")
                return true
            }
            try file.renew { line throws(Failure) in
                guard let device = line.device, isRoot(device) else { return nil }
                if let subvolume = line.subvolume { subvolumes.append(subvolume) }
                var new = line
                (new.source, new.options) = ("UUID=\(rootUUID)", Self.kept(line))
                return new
            }
            text = try file.text()
        }

        /// The subvolume that is made for it has another number.
        private static func kept(_ line: MountsFile.Line) -> String {
            line.options.split(separator: ",").filter { !$0.hasPrefix("subvolid=") || $0 == "subvolid=5" }.joined(separator: ",")
        }
    }

    /// nil where there is none.
    func table(on rootUUID: String) throws(Failure) -> Table? {
        let path: Path = "etc/fstab"
        guard let content = try topLayer.contents(of: path, limit: 1 << 20) else { return nil }
        var table = try Table(parsing: content, on: rootUUID, isRoot: isRoot) { device throws(Failure) in try BlockDevices.has(device) }
        table.mode = try topLayer.target(of: path).modeOfSuccessor
        return table
    }
}
