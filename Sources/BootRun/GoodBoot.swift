public import Basics
internal import Boot
internal import Linux
internal import Planning

/// Marks the boot of the running system as good: on its root, and in the record that the next boot decides by. Returns what was
/// marked, in words.
///
/// Asks neither the kernel command line nor a configuration: those of the initramfs need not be in the root. Fails where the
/// running root is none of docker-btrfs, and where its filesystem cannot be written.
public func markBootAsGood() throws(Failure) -> String {
    let running = try Directory(opening: "/")
    guard let subvolume = try running.subvolume(), let value = try running.attribute(Mark.attribute),
        let mark = Mark(parsing: value, subvolume: subvolume)
    else { throw Failure("could not mark this boot as good: the root was not made by docker-btrfs") }
    let (topLevel, name) = try place(of: running)
    var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(nil))
    let plan = Plan(markingGood: mark, of: name, given: Record.current(on: topLevel).record)
    for step in plan.steps {
        do throws(Failure) {
            _ = try machine.perform(step)
        } catch {
            throw Failure("could not \(step): \(error.message)", hint: error.hint)
        }
    }
    return "root \(mark.number) of '\(mark.origin.reference.text)' booted well"
}

/// The top level of the running root's filesystem, and the root's name there.
private func place(of running: Directory) throws(Failure) -> (topLevel: Directory, name: Path) {
    guard let mounted = try runningRoot() else {
        throw Failure("could not mark this boot as good: '/proc/self/mountinfo' does not say where '/' is from")
    }
    let request = MountRequest(device: mounted.device, filesystemType: "btrfs", options: ["subvolid=5"])
    let topLevel = try Directory.mounting(request, label: "")
    // The kernel tells devices by the paths that they had, and another filesystem may have one of those by now.
    guard let found = try topLevel.directory(at: mounted.path)?.status(of: .top), let own = try running.status(of: .top),
        found.isSameFile(as: own)
    else { throw Failure("could not mark this boot as good: '\(mounted.device)' does not have '\(mounted.path)', which is '/' here") }
    return (topLevel, mounted.path)
}
