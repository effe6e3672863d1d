import TestSupport
import Testing

/// A system whose root docker-btrfs made builds its initramfs for itself, by `dracut --hostonly`: in it is the `subvolid=` of that root.
@Suite(.enabled(if: isNightly))
struct HostonlyTests {
    private static let kinds = ["systemd", "plain"]

    @Test func `the next boot makes a new root, and without a name for it none`() async throws {
        try await Machine.with(\.disk) { machine, _ in
            try await machine.change("install -m 755 '\(Repository.path("Tests/Lab/matrix-guest"))' boot_docker/check")
            let built = try await machine.answers(Lab.menuEntry(), log: "build", to: Self.build)
            #expect(built.text.ranges(of: /root=UUID=.* rootflags=.*subvolid=\d+,subvol=\/docker_rwlayer,/).count == Self.kinds.count)
            try await machine.change("mv *.img '\(machine.folder)'")

            for (index, kind) in Self.kinds.enumerated() {
                let refused = try await machine.boots(kind, "docker_path=docker rw console=ttyS0", log: "refused", to: "true")
                #expect(refused.result == "")
                let message = """
                    hint: say rootflags=subvol=NAME without subvolid= on the kernel command line: it replaces what dracut wrote to /etc/cmdline.d
                    """
                #expect(refused.console.lastWords(as: message) == message)
                let new = try await machine.boots(kind, Lab.menuEntry(), log: "new", to: Self.newRoot(number: index + 2))
                #expect(new.result == "passed\n")
            }
        }
    }

    /// For both kinds at once, since one of them leaves a processor idle.
    private static let build = """
        echo precious > /precious
        mount -o subvolid=5 LABEL=linux /mnt
        dracut --hostonly --no-compress --quiet /mnt/systemd.img &
        dracut --hostonly --no-compress --quiet --omit systemd /mnt/plain.img
        wait
        for kind in systemd plain; do lsinitrd /mnt/$kind.img --file etc/cmdline.d/95root-dev.conf; done
        """

    private static func newRoot(number: Int) -> String {
        """
        grep ' / btrfs rw,.*,subvol=/docker_rwlayer ' /proc/mounts
        grep '"root_number": \(number),' /run/docker-btrfs/boot.json
        [ "$(cat /etc/whose)" = 'from the top layer' ]
        [ ! -e /precious ]

        """
    }
}

extension Machine {
    /// Boots by an initramfs that was built, with the lab's `matrix-guest` for init.
    fileprivate func boots(
        _ kind: String, _ line: String, log: String, to script: String
    ) async throws -> (result: String, console: Console) {
        let log = "\(kind) \(log)"
        let options = ["--initrd", "\(folder)/\(kind).img", "--append", "\(line) init=/check\(Console.ending)"]
        let result = try await result(of: script, options, log: log)
        return (result, try Console(log: command([], log: log).log))
    }
}
