public import Basics
public import Boot
internal import Linux
internal import Planning

/// Marks the boot of the running system as good: on its root, and in the record that the next boot decides by. Returns what was
/// marked, in words.
///
/// Fails where the running root is none of docker-btrfs, and where its filesystem cannot be written.
public func markBootAsGood(_ request: Request) throws(Failure) -> String {
    let running = try Directory(opening: "/")
    guard let subvolume = try running.subvolume(), let value = try running.attribute(Mark.attribute),
        let mark = Mark(parsing: value, subvolume: subvolume)
    else { throw Failure("could not mark this boot as good: the root was not made by docker-btrfs") }
    do throws(Failure) {
        try running.setAttribute(GoodMark.attribute, GoodMark.text(subvolume: subvolume))
    } catch {
        throw Failure("could not mark '/' as good: \(error.message)")
    }
    let filesystems = try Filesystems(mounting: request.withoutTopLayer, .recovering)
    var machine = LinuxMachine(topLevel: filesystems.topLevel, topLayer: filesystems.topLayer)
    _ = try machine.perform(.good(mark, name: request.name, record: Record.current(on: filesystems.topLevel).record))
    return "root \(mark.number) of '\(mark.origin.reference)' booted well"
}
