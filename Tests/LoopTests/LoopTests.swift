import Testing

/// Everything here uses real filesystems on loop devices. One test runs after the other: some look at the whole machine.
@Suite("on a loop-mounted btrfs", .serialized)
enum OnDisk {}
