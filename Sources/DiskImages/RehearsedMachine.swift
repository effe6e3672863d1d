public import Basics
internal import Boot
internal import BootEntries
internal import CLinux
public import Deployments
internal import Linux
internal import Planning

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
        if try folder.status(of: "machine")?.kind == .directory {
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
    var topLayerPath: String { "/proc/\(getpid())/fd/\(topLayer.descriptor)" }

    /// The top layer's fstab for the rehearsal's disk.
    struct Table {
        var text = ""
        /// What it mounts of the root's filesystem, from the top level.
        var subvolumes: [Path] = []
        var notes: [String] = []

        /// The fields of a line that mounts what is on the root's filesystem.
        mutating func add(_ fields: [Substring], on rootUUID: String) {
            let options = fields[3].split(separator: ",")
            let subvolumes = options.filter { $0.hasPrefix("subvol=") }
            // The one that is made for it has another number.
            let kept = options.filter { !$0.hasPrefix("subvolid=") || $0 == "subvolid=5" }
            if kept.count < options.count && subvolumes.isEmpty {
                notes.append("\(fields[1]) is not rehearsed: only its number says which subvolume it is")
                return
            }
            let line = ["UUID=\(rootUUID)"] + fields[1...2].map { "\($0)" } + [kept.joined(separator: ",")] + fields[4...].map { "\($0)" }
            text += line.joined(separator: " ") + "\n"
            self.subvolumes += subvolumes.compactMap { Path(unescaped($0.dropFirst("subvol=".count))) }
        }
    }

    /// As libmount reads the first field: blkid(8) prints tags with quotes.
    static func device(_ field: Substring) -> DeviceName? {
        let text = unescaped(field)
        guard !text.hasPrefix("/"), let equals = text.firstIndex(of: "=") else { return DeviceName(text) }
        var value = text[text.index(after: equals)...]
        for quote in ["\"", "'"] where value.count > 1 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            value = value.dropFirst().dropLast()
            break
        }
        return DeviceName("\(text[...equals])\(value)")
    }

    /// nil where there is none. What is on the root's filesystem is on the rehearsal's, empty. What is on another disk of this machine is
    /// left out, for the rehearsal has one disk; what this machine does not have either stays, and stops this boot as it would the next.
    func table(on rootUUID: String) throws(Failure) -> Table? {
        guard let content = try topLayer.contents(of: "etc/fstab", limit: 1 << 20) else { return nil }
        var table = Table()
        for line in String(decoding: content, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 4, !words[0].hasPrefix("#"), let device = Self.device(words[0]) else {
                table.text += line + "\n"
                continue
            }
            if isRoot(device) {
                table.add(words, on: rootUUID)
            } else if try BlockDevices.has(device) {
                table.notes.append("\(words[1]) is not rehearsed: it is on \(device), another disk of this machine")
            } else {
                table.text += line + "\n"
            }
        }
        return table
    }
}

/// As fstab(5) has spaces: `\040`.
private func unescaped(_ text: Substring) -> String {
    String(text).replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\134", with: "\\")
}
