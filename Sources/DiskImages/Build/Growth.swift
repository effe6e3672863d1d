public import Basics
internal import CDisk
internal import CLinux
internal import Deployments

/// What a btrfs needs to have all of a disk that is larger than it was made for.
public struct Growth {
    private enum Step {
        case enlarge(PartitionTable, PartitionTable.Partition, on: Disk)
        case resize(bytes: Int)
    }

    /// The disk that a partition is on.
    private struct Disk {
        let path: String
        let sector: Int
    }

    private let directory: Directory
    private let device: String
    private var steps: [Step] = []
    private var id: UInt64 = 0

    /// Looks at the btrfs that `directory` is on, and changes nothing. Fails where it is not on one device, or its partition is not the last
    /// one of a GPT.
    public init(of directory: String) throws(Failure) {
        self.directory = try Directory(opening: directory)
        let place = try MountedFolder(self.directory)
        if place.type != "btrfs" {
            throw Failure(
                "could not enlarge the filesystem of '\(directory)': it is no btrfs", hint: "docker-btrfs grow DIR names a directory on one"
            )
        }
        device = place.device
        var size: UInt64 = 0
        if disk_btrfs_size(self.directory.descriptor, &id, &size) != 0 { throw .system("tell the size of the btrfs on '\(device)'") }
        if id == 0 { throw Failure("could not enlarge the btrfs on '\(device)': it has several devices", hint: "btrfs filesystem resize") }
        var status = stat()
        if stat(device, &status) != 0 { throw .system("look at '\(device)'") }
        let numbers = "\(disk_major(UInt64(status.st_rdev))):\(disk_minor(UInt64(status.st_rdev)))"
        let folder = "/sys/dev/block/\(numbers)"
        var whole = try Self.number("\(folder)/size") * 512
        if firstLine(of: "\(folder)/partition") != nil {
            do throws(Failure) {
                if let step = try Self.partition(numbers, bytes: whole) {
                    steps.append(step.step)
                    whole = step.bytes
                }
            } catch {
                throw Failure("could not enlarge the partition '\(device)': \(error.message)", hint: error.hint)
            }
        }
        // What is left over is less than what btrfs gives and takes.
        if UInt64(whole) >= size + UInt64(DiskLayout.megabyte) { steps.append(.resize(bytes: whole)) }
    }

    private static func number(_ file: String) throws(Failure) -> Int {
        guard let number = firstLine(of: file).flatMap({ Int($0) }) else { throw .system("read '\(file)'") }
        return number
    }

    /// nil where the partition ends where the disk does. Fails with the reason alone.
    private static func partition(_ numbers: String, bytes: Int) throws(Failure) -> (step: Step, bytes: Int)? {
        let folder = "/sys/dev/block/\(numbers)"
        // A link to one below the disk's: …/block/vda/vda3.
        let link = display(try Directory(opening: "/sys/dev/block").text(ofLink: cString(Array(numbers.utf8))))
        guard let name = link.split(separator: "/").dropLast().last else { throw Failure("its disk is not known") }
        let disk = Disk(
            path: "/dev/" + name.replacing("!", with: "/"), sector: try number("/sys/block/\(name)/queue/logical_block_size"))
        let file = linux_open(disk.path, O_RDONLY | O_CLOEXEC, 0)
        if file < 0 { throw .system("open '\(disk.path)'") }
        defer { close(file) }
        var table = try PartitionTable(reading: file, size: try number("/sys/block/\(name)/size") * 512, sector: disk.sector)
        let (start, position) = (try number("\(folder)/start") * 512, try number("\(folder)/partition"))
        guard let known = table.partitions.first(where: { $0.number == position }), Int(known.sectors.lowerBound) * disk.sector == start
        else {
            throw Failure("'\(disk.path)' has another partition table than the kernel read")
        }
        let larger = try table.enlarge(position)
        // The kernel may not know yet what the disk has.
        guard let partition = larger ?? (known.sectors.count * disk.sector > bytes ? known : nil) else { return nil }
        return (.enlarge(table, partition, on: disk), partition.sectors.count * disk.sector)
    }

    /// The dry run's lines.
    public var lines: [String] {
        steps.map { step in
            switch step {
            case .enlarge(_, let partition, let disk):
                "enlarge partition \(partition.number) of '\(disk.path)' to \((partition.sectors.count * disk.sector) >> 20) MiB"
            case .resize(let bytes): "enlarge the btrfs on '\(device)' to \(bytes >> 20) MiB"
            }
        }
    }

    /// Tells each step before it is done. Fails at the first that is not possible: those before it stay, and another run goes on from there.
    public func perform(say: (String) -> Void) throws(Failure) {
        for (step, line) in zip(steps, lines) {
            say(line)
            do throws(Failure) { try perform(step) } catch { throw Failure("could not \(line): \(error.message)") }
        }
    }

    private func perform(_ step: Step) throws(Failure) {
        switch step {
        case .enlarge(let table, let partition, let disk):
            let file = linux_open(disk.path, O_RDWR | O_CLOEXEC, 0)
            if file < 0 { throw .reason() }
            defer { close(file) }
            try table.write(to: file)
            let start = Int64(partition.sectors.lowerBound) * Int64(disk.sector)
            let length = Int64(partition.sectors.count * disk.sector)
            if disk_resize_partition(file, Int32(partition.number), start, length) != 0 { throw .reason() }
        case .resize: if disk_btrfs_resize(directory.descriptor, id) != 0 { throw .reason() }
        }
    }
}
