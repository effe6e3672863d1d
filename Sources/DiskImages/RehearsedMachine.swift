public import Basics
internal import Boot
internal import BootEntries
public import Deployments
internal import Glibc
internal import Linux
internal import Planning

/// A machine whose next boot is tried on a disk of its own.
public struct RehearsedMachine: Sendable {
    let settings: Settings
    /// What is laid over the image.
    let topLayer: Directory
    private let volume: BootVolume

    public init(of site: Site) throws(Failure) {
        settings = site.settings
        volume = site.volume
        guard let folder = try site.topLevel.directory(at: settings.topLayer) else {
            throw Failure("could not find the top layer '\(settings.topLayer)'", hint: "docker-btrfs setup makes one")
        }
        topLayer = folder
    }

    /// Where the top layer is, as long as this process runs.
    var topLayerPath: String { "/proc/\(getpid())/fd/\(topLayer.descriptor)" }

    /// The top layer's fstab for the rehearsal's disk.
    struct Table {
        var text = ""
        /// What it mounts of the root's filesystem, from the top level.
        var subvolumes: [Path] = []
        var notes: [String] = []
    }

    /// nil where there is none. What is on the root's filesystem is on the rehearsal's, empty. What is on another disk of this machine is
    /// left out, for the rehearsal has one disk; what this machine does not have either stays, and stops this boot as it would the next.
    func table(on rootUUID: String) throws(Failure) -> Table? {
        guard let content = try topLayer.contents(of: "etc/fstab", limit: 1 << 20) else { return nil }
        var table = Table()
        for line in String(decoding: content, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 4, !words[0].hasPrefix("#"), let device = DeviceName(String(words[0])) else {
                table.text += line + "\n"
                continue
            }
            if [volume.uuid, volume.label].contains(device.tag?.value) {
                table.text += (["UUID=\(rootUUID)"] + words.dropFirst().map(String.init)).joined(separator: " ") + "\n"
                table.subvolumes += words[3].split(separator: ",").compactMap { option in
                    option.hasPrefix("subvol=") ? Path(String(option.dropFirst("subvol=".count))) : nil
                }
            } else if try BlockDevices.has(device) {
                table.notes.append("\(words[1]) is not rehearsed: it is on \(device), another disk of this machine")
            } else {
                table.text += line + "\n"
            }
        }
        return table
    }
}

extension Site {
    /// The image that the machine boots when nobody chooses, and what it was called; nil where nothing is deployed.
    public func nextImage() throws(Failure) -> (id: String, name: String)? {
        try Deployment.all(on: topLevel).deployments.first.map { ($0.imageID.description, $0.reference.text) }
    }
}
