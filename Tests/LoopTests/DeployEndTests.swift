import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// deploy, rollback and rm that are killed.
    struct DeployEndTests {
        /// 36 times with each boot loader, spread over what each of the commands takes: all of it is seen to be whole, and the next
        /// `deploy` goes well and leaves nothing behind.
        @Test(arguments: ["refind", "grub", "systemd-boot"])
        func `killed at any time, and run again`(_ loader: String) async throws {
            let partition = loader == "systemd-boot" ? "64M" : nil
            try await Deployable.with(setup: "--loader \(loader)", partition: partition) { machine in
                try await machine.giveInitramfs()
                let told = try await machine.disk.change(
                    """
                    boot='\(machine.boot)' one=\(machine.id("sample_image:latest")) two=\(machine.id("sample_image:v2"))
                    deploy() { exec \(machine.command("deploy \"$@\"")); }
                    rollback() { exec \(machine.command("rollback")); }
                    remove() { exec \(machine.command("rm \"$@\"")); }
                    \(Self.menus[loader]!)
                    \(Self.kills)
                    """)
                // The fastest runs may be through before they are killed.
                let hit = told.split(separator: "\n").last.flatMap { Int($0.prefix { $0 != " " }) }
                #expect(try #require(hit) >= 18, "\(told)")
            }
        }

        /// `menus` prints the boot loader's files, first that with the default.
        private static let menus = [
            "refind": "menus() { cat EFI/refind/docker-btrfs.conf EFI/refind/docker-btrfs-earlier.conf; }; kernels=$PWD/.docker-btrfs/boot",
            "grub": "menus() { cat grub/docker-btrfs.cfg grub/docker-btrfs-earlier.cfg; }; kernels=$PWD/.docker-btrfs/boot",
            "systemd-boot":
                #"menus() { cat $(grep -H ^version loader/entries/*.conf | sort -rnk 2 | cut -d : -f 1); }; kernels=$boot/docker-btrfs"#,
        ]

        private static let kills = #"""
            # whole IMAGE...: the default is one of them, and all kernels that are named have the content that their names tell.
            whole() {
                local menu name
                menu=$(cd "$boot" && menus)
                [[ " $* " == *" $(grep -o 'docker_deployed=[0-9a-f]*' <<< "$menu" | head -n 1 | cut -d = -f 2) "* ]] || return
                for name in $(grep -oE '(vmlinuz|initrd)-[0-9a-f]{16}' <<< "$menu" | sort -u); do
                    [[ $(sha256sum < "$kernels/$name") == "${name#*-}"* ]] || return
                done
            }
            # clean: no file but those that the menu names, and nothing half written.
            clean() {
                diff <(cd "$boot" && menus | grep -oE '(vmlinuz|initrd)-[0-9a-f]{16}' | sort -u) <(ls -A "$kernels") &&
                    [[ -z $(find .docker-btrfs "$boot" -name '*.new') ]]
            }
            # killed FRACTION COMMAND...: after that part of what COMMAND took the last time.
            declare -A took
            killed() {
                local part=$1 process
                shift
                "$@" > /dev/null 2>&1 & process=$!
                sleep "$(awk "BEGIN { print ${took[$1]} * $part / 13 }")"
                kill -9 $process || true
                wait $process 2> /dev/null || (($? != 137)) || ((++hit))
            }
            timed() {
                local start=$EPOCHREALTIME
                ("$@") > /dev/null
                # The shortest: what took longer beside other work may end sooner the next time.
                took[$1]=$(awk "BEGIN { took = $EPOCHREALTIME - $start; last = ${took[$1]:-3600}; print took < last ? took : last }")
            }
            hit=0 new=sample_image:latest newID=$one old=sample_image:v2 oldID=$two
            timed deploy $new
            timed deploy $old
            timed rollback
            timed remove $old
            for turn in {1..12}; do
                # Only $new is there.
                killed $turn deploy $old
                whole $one $two || { echo "deploy, turn $turn"; menus; exit 1; }
                timed deploy $old
                whole $oldID && clean || { echo "after deploy, turn $turn"; exit 1; }
                killed $turn rollback
                whole $one $two || { echo "rollback, turn $turn"; exit 1; }
                (deploy $old) > /dev/null
                killed $turn remove $new
                whole $oldID || { echo "rm, turn $turn"; exit 1; }
                (deploy $old) > /dev/null
                clean || { echo "after rm, turn $turn"; exit 1; }
                (remove $new) > /dev/null 2>&1 || true
                whole $oldID && clean || { echo "after rm and rm, turn $turn"; exit 1; }
                read -r new newID old oldID <<< "$old $oldID $new $newID"
            done
            echo "$hit of 36"
            """#

        @Test func `the kernel that was chosen is that of the image as long as it has it`() async throws {
            try await Deployable.with(partition: "64M") { machine in
                for name in ["sample_image:latest", "sample_image:v2"] { try await machine.addKernel("6.2", to: name) }
                let unchosen = try await machine.fails("deploy sample_image:v2")
                #expect(unchosen.hasPrefix("Error: could not choose the kernel of 'sample_image:v2': it has 6.1, 6.2\n"), "\(unchosen)")
                try await machine.run("deploy sample_image:v2 --kernel 6.2")
                // What of it is lost, is written again.
                try await machine.disk.change("rm .docker-btrfs/boot/initrd-*")
                #expect(try await machine.run("deploy").contains(" with kernel 6.2, "))
                #expect(try await machine.run("deploy --kernel 6.1").contains(" with kernel 6.1, "))
            }
        }

        @Test func `no command drops what is next because its record is damaged`() async throws {
            try await Deployable.with(partition: "64M") { machine in
                for name in ["latest", "v2"] { try await machine.run("deploy sample_image:\(name)") }
                try await machine.disk.change(": > .docker-btrfs/deployments/\(machine.id("sample_image:v2"))")
                let menu = try machine.menu("docker-btrfs.conf")
                let told = try await machine.fails("prune")
                #expect(
                    told.contains("which is damaged: its image is what the machine boots next\nhint: deploy that image again, "), "\(told)")
                #expect(try machine.menu("docker-btrfs.conf") == menu)
                #expect(try await !machine.run("status").contains(" next "))
                try await machine.run("deploy sample_image:v2")
                #expect(try await machine.run("status").contains(/\ next +sample_image:v2/))
            }
        }
    }
}
