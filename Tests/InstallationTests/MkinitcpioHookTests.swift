import TestSupport
import Testing

/// What the hook does after mkinitcpio's init has mounted the root.
struct MkinitcpioHookTests {
    /// `init` after the hook, for a new root with these files and links.
    private func program(_ script: String, from start: String = "/sbin/init") async throws -> String {
        let run = """
            root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
            mkdir -p "$root/usr/lib/dbt-system" "$root/usr/sbin"; cd "$root"
            program() { printf '#!/bin/sh\\n' > "$1"; chmod 755 "$1"; }
            \(script)
            init=$2
            eval "$(sed "s,/new_root,$root,g" "$1")"
            run_latehook
            printf '%s' "$init"
            """
        return try await output(of: ["sh", "-euc", run, "sh", Repository.path("hooks/mkinitcpio/docker-btrfs"), start])
    }

    @Test(arguments: [
        // Debian 12's, and one that needs no help.
        (
            "program usr/lib/dbt-system/systemd; ln -s usr/sbin sbin; ln -s /usr/lib/dbt-system/systemd usr/sbin/init",
            "/usr/lib/dbt-system/systemd"
        ),
        ("program usr/lib/dbt-system/systemd; ln -s usr/sbin sbin; ln -s ../lib/systemd/systemd usr/sbin/init", "/sbin/init"),
        ("mkdir sbin; program sbin/init", "/sbin/init"),
        // Links on the way, one after the other, up and down.
        (
            "program usr/lib/dbt; mkdir other; ln -s /other sbin; ln -s /a other/init; ln -s ./usr/../b a; ln -s /usr/lib/dbt b",
            "/usr/lib/dbt"
        ),
        ("program 'usr/lib/an init'; ln -s usr/sbin sbin; ln -s '/usr/lib/an init' usr/sbin/init", "/usr/lib/an init"),
        (
            "program usr/lib/dbt-system/systemd; ln -s usr/sbin sbin; ln -s /../../usr/lib/dbt-system/systemd usr/sbin/init",
            "/usr/lib/dbt-system/systemd"
        ),
        // What cannot be started either way is what init names in its message.
        ("ln -s usr/sbin sbin; ln -s /usr/lib/gone usr/sbin/init", "/sbin/init"),
        ("ln -s usr/sbin sbin; ln -s /usr/lib/dbt-system usr/sbin/init", "/sbin/init"),
        ("ln -s usr/sbin sbin; ln -s /usr/sbin/init usr/sbin/init", "/sbin/init"), ("true", "/sbin/init"),
    ])
    func `where sbin init leads in the new root`(script: String, expected: String) async throws {
        #expect(try await program(script) == expected)
    }

    @Test func `what init= names is followed too`() async throws {
        #expect(try await program("program usr/lib/x; ln -s /usr/lib/x y", from: "/y") == "/usr/lib/x")
    }
}
