public import Basics
internal import Boot
internal import BootEntries
internal import CLinux

/// What a boot is started with.
public struct BootStart: Sendable {
    /// The kernel command line.
    public let options: String
    /// The kernel's, as `uname -r` says it.
    public let release: String
    /// What should be known of it.
    public var notes: [String] = []

    /// That of the boot menu's default; nil where nothing is deployed. Where the boot loader was told of another one for the next boot, it
    /// is that; where its partition is not mounted, it is what was deployed last. `given` is where a top level is mounted; nil too where it
    /// is a directory of another kind, and fails where that cannot be told.
    public static func next(topLevel given: String? = nil) throws(Failure) -> BootStart? {
        let filesystem: MachineBtrfs?
        if let given, geteuid() != 0 {
            // Who is not root sees what a boot would do there, and no deployment.
            filesystem = try? MachineBtrfs(ifAt: given)
        } else if let given {
            filesystem = try MachineBtrfs(ifAt: given)
        } else {
            filesystem = try ofThisSystem()
        }
        guard let filesystem, let settings = try Settings.current(on: filesystem.topLevel) else {
            return nil
        }
        let all = try Deployment.all(on: filesystem.topLevel).deployments
        guard let last = all.first else { return nil }
        let site = try Site(filesystem, settings, boot: nil, nil, .ifFound)
        let (next, note) = try site.nextBoot(among: all) ?? (last, nil)
        let options = try settings.options(of: next.imageID, on: filesystem.volume)
        var found = BootStart(options: options.description, release: next.release)
        if let note { found.notes.append(note) }
        // What it has instead may boot otherwise.
        if (try? site.difference(toMenuOf: all).isEmpty) == false {
            found.notes.append("the boot menu is not what it should be: docker-btrfs status tells what is to be done")
        }
        return found
    }

    private static func ofThisSystem() throws(Failure) -> MachineBtrfs? {
        do throws(Failure) { return try MachineBtrfs.withSettings() } catch {
            // What only root may look at may be there.
            if geteuid() != 0 { throw error }
            // One that cannot be chosen or opened is not what this system was started from.
            return nil
        }
    }
}
