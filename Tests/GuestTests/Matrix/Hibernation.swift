import TestSupport
import Testing

/// A system that hibernates: its disk stays as it is until it was resumed, or given up.
extension Cell {
    func hibernate(_ machine: Machine) async throws {
        var machine = machine
        machine.disks.insert(try await copy(of: "swap", machine), at: 0)
        #expect(try await start(machine, "hibernates", "resume=LABEL=swap").result == "")
        for disk in machine.disks { try await output(of: ["cp", "--sparse=always", "--reflink=auto", disk, "\(disk).left"]) }
        // Without resume=, dracut resumes what it finds where systemd does not do it for it.
        if row != .dracutPlain { try await refuseOverHibernated(machine) }

        let resumed = try await start(machine, "resumed", "resume=LABEL=swap")
        #expect(resumed.result == "passed\n")
        #expect(resumed.console.told == [])
        #expect(try await machine.change("cat docker_rwlayer/after; ls .docker-btrfs/roots/docker_rwlayer") == "resumed\n")
        try await output(of: ["btrfs", "check", "--readonly", machine.disk])

        for disk in machine.disks { try await output(of: ["mv", "\(disk).left", disk]) }
        let script = Column.newRoot(number: 2, "from the top layer") + Column.hibernatedRootIsKept
        #expect(try await start(machine, "given up", "resume=LABEL=swap noresume", script: script).result == "passed\n")
    }

    /// No disk gets a byte that is another one.
    private func refuseOverHibernated(_ machine: Machine) async throws {
        let message = "could not mount the root's filesystem: a hibernated system is waiting to be resumed from '/dev/vda'"
        let refused = try await start(machine, "refused", "", ["--until", message])
        #expect(refused.result == "" && refused.console.text.contains(message))
        for disk in machine.disks { try await output(of: ["cmp", disk, "\(disk).left"]) }
    }

    private func start(
        _ machine: Machine, _ name: String, _ words: String, _ options: [String] = [], script: String? = nil
    ) async throws -> (result: String, console: Console) {
        let log = "\(log), \(name)"
        let result = try await result(of: machine, "\(column.line) \(words)", options, script: script, log: log)
        return (result, try Console(log: machine.command([], log: log).log))
    }
}

extension Column {
    /// It goes on after the resume with its memory, and nobody wrote to its filesystem: btrfs ends that with its superblock.
    static let hibernates = """
        superblock() { dd if="$device" bs=4096 skip=16 count=1 iflag=direct | md5sum; }
        boot=$(cat /proc/sys/kernel/random/boot_id)
        mkdir /tmp/memory
        mount -t tmpfs memory /tmp/memory
        echo precious | tee /precious > /tmp/memory/precious
        swapon /dev/vda
        superblock
        # Its programs were read once, and what the shell says goes nowhere: from the sync on, this itself writes nothing to the root.
        {
            sync
            before=$(superblock)
            echo disk > /sys/power/state
            after=$(superblock)
        } 2> /dev/null
        [ "$after" = "$before" ]
        [ "$(cat /proc/sys/kernel/random/boot_id)" = "$boot" ]
        [ "$(cat /tmp/memory/precious)" = precious ]
        grep ' / btrfs rw,.*,subvol=/docker_rwlayer ' /proc/mounts
        echo resumed > /after

        """

    static let hibernatedRootIsKept =
        topLevel + """
            [ "$(cat /tmp/top/.docker-btrfs/roots/docker_rwlayer/1/precious)" = precious ]
            [ ! -e /precious ]

            """
}
