import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// setup, deploy, rollback, rm and prune as a person types them, on a real btrfs.
    struct DeployTests {
        @Test func `what is deployed is booted without its store`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.run("deploy sample_image")
                #expect(told.contains("build the initramfs for 6.1\n"))
                #expect(
                    try told.contains(
                        "\nnext boot: sample_image:latest (\(machine.shortID("sample_image:latest"))) with kernel 6.1, a new root\n"))
                try await machine.disk.change("mv docker away")
                try await machine.boot("sample_image:latest")
                #expect(try await machine.disk.look("cat docker_rwlayer/etc/version") == "1\n")
            }
        }

        @Test func `an image of which the store recorded nothing is not said to be as it was`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await machine.disk.change("rm docker/image/btrfs/layerdb/sha256/*/tar-split.json.gz")
                let told = try await machine.disk.change("! \(machine.command("check --content sample_image"))")
                let reason = "nothing could be compared: the store has no record of its files"
                #expect(try told == "sample_image:latest (\(machine.shortID("sample_image:latest"))): \(reason)\n")
                let json = try await machine.disk.change("! \(machine.command("check --content sample_image --format json"))")
                #expect(json == "{\"part\": \"the store\", \"path\": null, \"reason\": \"\(reason)\"}\n")
            }
        }

        @Test func `what is deployed is entered without its store, by its name and by its id`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await machine.disk.change("mv docker away")
                for name in try ["sample_image", machine.shortID("sample_image:latest"), machine.id("sample_image:latest")] {
                    // The image has no program that could run.
                    let enter = "'\(Repository.companion)' enter --top-level . \(name) -- /nothing 2>&1 || echo \"status $?\""
                    let told = try await machine.disk.change(enter)
                    #expect(told.contains("Error: could not run '/nothing' in the root: ") && told.hasSuffix("\nstatus 127\n"), "\(told)")
                }
                let told = try await machine.disk.change("! '\(Repository.companion)' enter --top-level . sample_image:v2 -- /nothing 2>&1")
                #expect(told.hasPrefix("Error: could not find "), "\(told)")
            }
        }

        @Test func `an image that had its tries has them again where a person asks for it`() async throws {
            try await Deployable.with { machine in
                let (one, two) = ("sample_image:latest", "sample_image:v2")
                func version() async throws -> String { try await machine.disk.look("cat docker_rwlayer/etc/version") }
                try await machine.run("deploy \(one)")
                try await machine.boot(one)
                try await machine.disk.markGood()
                try await machine.run("deploy \(two)")
                for _ in 1...3 { try await machine.boot(two) }
                try await machine.boot(two)
                #expect(try await version() == "1\n")
                let note = "note: none of the last 3 boots of \(two) (\(try machine.shortID(two))) was good: from now on it is tried anew\n"
                for words in ["deploy \(two)", "rollback \(two)"] {
                    #expect(try await machine.disk.change(machine.command(words) + " 2>&1").contains(note))
                    try await machine.boot(two)
                    #expect(try await version() == "2\n")
                    for _ in 1...2 { try await machine.boot(two) }
                    try await machine.boot(two)
                    #expect(try await version() == "1\n")
                }
                // What is tried anew did not come up before.
                try await machine.run("deploy \(two)")
                #expect(try await machine.run("status").contains(", 9 tries, none good, to be tried anew\n"))
                let json = try await machine.run("status --format json").replacing(/\s+/, with: "")
                #expect(json.contains(#""tries":0,"failed_before":9,"#), "\(json)")
                try await machine.run("deploy \(one)")
                let told = try await machine.disk.change(machine.command("rollback \(two)") + " 2>&1")
                #expect(told.contains("was good yet; it was tried 9 times\n"), "\(told)")
                // Neither is so of roots of another name, nor once a boot was good.
                try await machine.disk.change("sed -i 's/docker_rwlayer/other/' .docker-btrfs/deployments/*.failed")
                #expect(!(try await machine.run("status")).contains("9 tries"))
                try await machine.disk.change("sed -i 's/other/docker_rwlayer/' .docker-btrfs/deployments/*.failed")
                #expect(try await machine.run("status").contains("9 tries"))
                try await machine.boot(two)
                try await machine.disk.markGood()
                #expect(!(try await machine.run("status")).contains("to be tried anew"))
                try await machine.run("deploy \(one)")
                try await machine.disk.change("echo > .docker-btrfs/deployments/\(try machine.id(two))")
                // An earlier companion removed the record alone.
                try await machine.disk.change("echo '3 /docker_rwlayer' > .docker-btrfs/deployments/$(printf %064d 1).failed")
                try await machine.run("rm \(machine.shortID(two))")
                #expect(try await machine.disk.look("ls .docker-btrfs/deployments | grep -c failed || true") == "0\n")
            }
        }

        @Test func `what is no layer in the place of a held one is told, put aside, and held again`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let name = try await machine.disk.look("ls .docker-btrfs/layers | tr -d '\\n'")
                try await machine.disk.change(
                    "cd .docker-btrfs/layers; btrfs -q subvolume delete \(name); mkdir \(name); touch \(name)/mine")
                let damage = "its layer is not held as '/.docker-btrfs/layers/\(name)' any more"
                #expect(try await machine.disk.change(machine.command("status") + " 2>&1 || true").contains(damage))
                try await machine.run("deploy sample_image")
                #expect(
                    try await machine.disk.look("ls .docker-btrfs/layers/\(name).1; btrfs property get -ts .docker-btrfs/layers/\(name) ro")
                        == "mine\nro=true\n")
                #expect(try await !machine.disk.change(machine.command("status") + " 2>&1").contains("is not held"))
                try await machine.disk.change("mv docker away")
                try await machine.boot("sample_image:latest")
            }
        }

        @Test func `plan tells what the next boot does, with the next kernel`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let plan = try await machine.disk.change("'\(Repository.companion)' plan")
                #expect(plan.contains("snapshot '/.docker-btrfs/layers/") && plan.contains("made from 'sample_image'"))
                let refused = try await machine.disk.change("! '\(Repository.companion)' plan --cmdline 'root=LABEL=x' 2>&1")
                let reason = "neither 'docker_path=' nor 'docker_deployed=' is on the kernel command line"
                #expect(refused.contains("\(reason)\nhint: docker-btrfs deploy"))
                let missing = try await machine.disk.change("! '\(Repository.companion)' plan --config /nonexistent 2>&1")
                #expect(missing == "Error: could not read '/nonexistent': it is not there\n")
                // What the menu says is another thing.
                try await machine.run(machine.setup + " --name other")
                let changed = try await machine.disk.change("'\(Repository.companion)' plan 2>&1")
                #expect(
                    changed.contains("note: the boot menu is not what it should be: docker-btrfs status tells what is to be done\n"),
                    "\(changed)")
            }
        }

        @Test func `the same image again writes nothing`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let files = try await machine.everything()
                let told = try await machine.run("deploy sample_image")
                #expect(
                    try told == "next boot: sample_image:latest (\(machine.shortID("sample_image:latest"))) with kernel 6.1, a new root\n")
                #expect(try await machine.run("deploy sample_image --dry-run") == "nothing is to be done\n")
                #expect(try await machine.everything() == files)
            }
        }

        @Test func `status counts the boots that were not good, also of an image that was`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await machine.boot("sample_image:latest")
                #expect(try await machine.run("status").hasSuffix(", 1 try, none good\n"))
                try await machine.disk.markGood()
                #expect(try await machine.run("status").hasSuffix(", good\n"))
                try await machine.boot("sample_image:latest")
                #expect(try await machine.run("status").hasSuffix(", good before, the last boot was not\n"))
                for _ in 1...2 { try await machine.boot("sample_image:latest") }
                let told = try await machine.run("status")
                let title = try "sample_image:latest (\(machine.shortID("sample_image:latest")))"
                let note = "  none of the last 3 boots of \(title) was good: what booted well last is booted instead\n"
                #expect(told.contains(", good before, the last 3 boots were not\n") && told.hasSuffix(note), "\(told)")
            }
        }

        @Test func `where nothing was ever good, status does not promise another boot`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                for _ in 1...3 { try await machine.boot("sample_image:latest") }
                #expect(try await machine.run("status").hasSuffix(" was good, and nothing else was: it is booted again\n"))
                try await machine.boot("sample_image:latest")
                #expect(try await machine.disk.look("cat docker_rwlayer/etc/version") == "1\n")
            }
        }

        @Test func `what is asked for by the beginning of its id is called by its id`() async throws {
            try await Deployable.with { machine in
                let (id, short) = try (machine.id("sample_image:latest"), machine.shortID("sample_image:latest"))
                let told = try await machine.run("deploy \(short.prefix(5))")
                #expect(told.hasSuffix("\nnext boot: sha256:\(id) (\(short)) with kernel 6.1, a new root\n"), "\(told)")
                let named = try await machine.run("deploy sample_image")
                #expect(named.hasSuffix("next boot: sample_image:latest (\(short)) with kernel 6.1, a new root\n"), "\(named)")
                #expect(try await machine.run("deploy \(short.prefix(5)) --dry-run") == "nothing is to be done\n")
                // A digit may be the number of a root, or a word.
                try await machine.run("deploy sample_image:v2")
                let few = short.prefix(3)
                for words in ["rollback \(few)", "rm \(few)"] {
                    let refused = try await machine.fails(words)
                    let hint = "hint: at least four digits of an id are needed; there are sample_image:v2 ("
                    #expect(refused.hasPrefix("Error: could not find a deployment '\(few)'\n\(hint)"), "\(refused)")
                }
                let enough = short.prefix(4)
                try await machine.run("rollback \(enough) --dry-run")
                #expect(try await machine.run("rm \(enough)").contains("\nremoved sample_image:latest (\(short)), which frees "))
                let gone = try await machine.fails("rm \(enough)")
                #expect(gone.hasPrefix("Error: could not find a deployment '\(enough)'\nhint: there are sample_image:v2 ("), "\(gone)")
            }
        }

        @Test func `status tells where docker-btrfs-init was asked for, and did not run`() async throws {
            try await Deployable.with { machine in
                let note = "  this boot made no root: docker-btrfs-init is not in its initramfs, or was not run; "
                for (line, report, isTold) in [
                    ("docker_path=/docker", "rm -f", true), ("docker_deployed=01", "rm -f", true),
                    ("docker_path=/docker", "echo {} >", false),
                    ("docker_path=/docker docker_kernel=started", "rm -f", false), ("root=/dev/sda1", "rm -f", false),
                ] {
                    let told = try await machine.disk.change(
                        """
                        mount -t tmpfs none /run; mkdir /run/docker-btrfs; \(report) /run/docker-btrfs/boot.json
                        echo 'quiet \(line)' > /run/line; mount --bind /run/line /proc/cmdline
                        \(machine.command("status"))
                        """)
                    #expect(told.contains(note) == isTold, "\(line) \(report): \(told)")
                }
            }
        }

        @Test func `what check warns of is told once, when it is deployed`() async throws {
            try await Deployable.with { machine in
                let own = try await machine.disk.uuid()
                try await machine.disk.change(
                    """
                    echo 'UUID=1234-5678 /media vfat defaults 0 0' >> boot_docker/etc/fstab
                    # As blkid(8) prints what is here.
                    echo 'UUID="\(own)" /the\\040data btrfs defaults 0 0' >> boot_docker/etc/fstab
                    """)
                let notes = [
                    "\nnote: network: nothing sets it up; install network-manager ",
                    "\nnote: fstab: /media is on UUID=1234-5678, which is not here: the boot stops there; 'docker-btrfs setup' renews ",
                ]
                for option in ["--dry-run", ""] {
                    let told = try await machine.run("deploy sample_image \(option) 2>&1")
                    for note in notes { #expect(told.contains(note), "\(told)") }
                    #expect(!told.contains("the data"), "\(told)")
                    #expect(!told.contains("kernel: "), "\(told)")
                }
                let again = try await machine.run("deploy sample_image 2>&1")
                #expect(again.hasPrefix("next boot: ") && !again.contains("note: network: "), "\(again)")
            }
        }

        /// This depends on the machine: the image and its deployment did not change.
        @Test func `a disk that the top layer mounts and that is gone is told each time`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await machine.run("deploy sample_image:v2")
                #expect(try await !machine.run("status").contains("fstab: "))
                try await machine.disk.change("echo 'UUID=1234-5678 /boot/efi vfat defaults 0 0' >> boot_docker/etc/fstab")
                let note = """
                    fstab: /boot/efi is on UUID=1234-5678, which is not here: the boot stops there; 'docker-btrfs setup' renews it where setup wrote it; else add 'nofail' to that line, or take it out

                    """
                for words in ["deploy sample_image:v2", "rollback", "deploy sample_image:v2 --dry-run", "status"] {
                    let told = try await machine.run("\(words) 2>&1")
                    #expect(told.ranges(of: note).count == 1, "\(words): \(told)")
                }
                try await machine.disk.change("sed -i 's/vfat defaults/vfat nofail/' boot_docker/etc/fstab")
                #expect(try await !machine.run("status").contains("fstab: "))
            }
        }

        @Test func `a dry run changes nothing`() async throws {
            try await Deployable.with { machine in
                let before = try await machine.everything()
                let lines = try await machine.run("deploy sample_image --dry-run").split(separator: "\n")
                #expect(lines.contains { $0.hasPrefix("hold the layer") } && lines.contains { $0.hasPrefix("write the menu of rEFInd") })
                #expect(try await machine.everything() == before)
            }
        }

        @Test func `an image with the same kernel takes no room for it; rollback, rm and prune`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:latest")
                let kernels = try await machine.disk.look("ls .docker-btrfs/boot")
                let told = try await machine.run("deploy sample_image:v2")
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                #expect(
                    told.hasSuffix(
                        "next boot: sample_image:v2 (\(two)) with kernel 6.1, a new root; the way back is sample_image:latest (\(one))\n"))
                #expect(try await machine.disk.look("ls .docker-btrfs/boot") == kernels)
                #expect(try machine.menu("docker-btrfs.conf").contains(two) && !machine.menu("docker-btrfs.conf").contains(one))
                #expect(try machine.menu("docker-btrfs-earlier.conf").contains(one))

                let back = "next boot: sample_image:latest (\(one)) with kernel 6.1; \(two) stays in the menu\n"
                let doubt = "note: no boot of sample_image:latest (\(one)) was good yet\n"
                #expect(try await machine.run("rollback --dry-run 2>&1").contains(doubt))
                #expect(try await machine.run("rollback").hasSuffix(back))
                #expect(try machine.menu("docker-btrfs.conf").contains(one) && machine.menu("docker-btrfs-earlier.conf").contains(two))
                let refused = try await machine.fails("rm \(one)")
                #expect(
                    refused
                        == "Error: could not remove sample_image:latest (\(one)): it is what the machine boots next\nhint: roll back or deploy another image first\n"
                )
                #expect(try await machine.run("prune") == "nothing is to be removed\n", "the other one is the way back")
                try await machine.disk.change("btrfs -q subvolume create .docker-btrfs/layers/$(printf %064d 1).new")
                #expect(try await machine.run("prune").hasSuffix("\nremoved what commands that were cut off left\n"))
                #expect(try await machine.disk.look("find .docker-btrfs -name '*.new'") == "")
                #expect(
                    try await machine.run("rm sample_image:v2").hasSuffix(
                        "removed sample_image:v2 (\(two)), which frees 0 kB; its layer goes with the next boot\n"))
                #expect(try !machine.menu("docker-btrfs-earlier.conf").contains(two))
                #expect(try await machine.disk.look("ls .docker-btrfs/boot") == kernels)
                #expect(
                    try await machine.fails("rollback").hasPrefix(
                        "Error: could not roll back: there is no deployment but sample_image:latest"))

                // Built again, as with containerd: another id, and the same tree.
                let again = try await machine.built(again: "sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                try await machine.run("deploy sample_image:latest")
                #expect(try await machine.run("deploy \(again)").hasSuffix("; the way back is sample_image:v2 (\(two))\n"))
                let planned = try await machine.run("prune --dry-run")
                #expect(planned.contains(one) && !planned.contains(two), "\(planned)")
                // The other name has the same tree, but its boot was good.
                try await machine.boot("sample_image:latest")
                try await machine.disk.markGood()
                let pruned = try await machine.run("prune")
                #expect(pruned.contains("\nremoved sample_image:v2 (\(two)), which frees "), "\(pruned)")
                #expect(!pruned.contains("removed sample_image:latest"))
                #expect(try await machine.run("rollback").contains("\nnext boot: sample_image:latest (\(one)) with"))
            }
        }

        @Test func `of several with one name, rollback takes the one that is not next, and rm wants an id`() async throws {
            try await Deployable.with { machine in
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                try await machine.run("deploy sample_image")
                try await machine.tag("sample_image:v2", as: "sample_image", "sample_image:latest")
                try await machine.run("deploy sample_image")
                #expect(
                    try await machine.fails("rm sample_image") == """
                        Error: could not choose a deployment: 2 are called 'sample_image:latest'
                        hint: name it by its id: \(two) (next), \(one)

                        """)
                for id in [one, two] {
                    #expect(try await machine.run("rollback sample_image").contains("\nnext boot: sample_image:latest (\(id)) with"))
                }
                try await machine.run("rm \(one)")
                #expect(
                    try await machine.fails("rollback sample_image") == """
                        Error: could not roll back to sample_image:latest (\(two)): it is what the machine boots next already
                        hint: name another one

                        """)
            }
        }

        @Test func `an image that is known is called by the name that it is deployed by`() async throws {
            try await Deployable.with { machine in
                let one = try machine.shortID("sample_image:latest")
                try await machine.run("deploy sample_image")
                try await machine.tag("sample_image:latest", as: "localhost:1/desk", "localhost:1/desk:latest")
                let files = try await machine.disk.look("find .docker-btrfs -name '*-*' -printf '%p %T@ %s\n' | sort")
                let told = try await machine.run("deploy localhost:1/desk")
                #expect(told.hasSuffix("\nnext boot: localhost:1/desk:latest (\(one)) with kernel 6.1, a new root\n"))
                #expect(try machine.menu("docker-btrfs.conf").contains("\"localhost:1/desk:latest (\(one))\""))
                #expect(try await machine.run("status").contains("next  localhost:1/desk:latest  \(one)"))
                #expect(try await machine.run("deploy --pull --dry-run").hasPrefix("pull localhost:1/desk:latest with docker\n"))
                // An id is no other name.
                #expect(try await machine.run("deploy \(one) --dry-run") == "nothing is to be done\n")
                #expect(try await machine.disk.look("find .docker-btrfs -name '*-*' -printf '%p %T@ %s\n' | sort") == files)
            }
        }

        @Test func `without room nothing is written`() async throws {
            try await Deployable.with(setup: "--loader systemd-boot", partition: "1M") { machine in
                let before = try await machine.everything()
                let refused = try await machine.fails("deploy sample_image")
                #expect(refused.hasPrefix("Error: could not deploy 'sample_image:latest': '\(machine.boot)' has "))
                #expect(refused.contains(" are needed while old and new are there\nhint: make room there\n"))
                #expect(try await machine.everything() == before)
            }
        }

        @Test func `the files of systemd-boot`() async throws {
            try await Deployable.with(setup: "--loader systemd-boot", partition: "64M") { machine in
                try await machine.run("deploy sample_image")
                let entry = try machine.menu("../../loader/entries/docker-btrfs-\(machine.shortID("sample_image:latest")).conf")
                let kernel = try #require(entry.split(separator: "\n").first { $0.hasPrefix("linux ") }).dropFirst("linux ".count)
                #expect(try String(contentsOfFile: machine.boot + kernel, encoding: .utf8) == "MZ: kernel 6.1\n")
                try await machine.run("deploy sample_image:v2")
                try await machine.run("rm sample_image:latest")
                #expect(try FileManager.default.contentsOfDirectory(atPath: "\(machine.boot)/loader/entries").count == 1)
            }
        }

        @Test func `another process that is at it is named`() async throws {
            try await Deployable.with { machine in
                let first = "exec strace -f -qq -o /dev/null -e inject=syncfs:delay_enter=3000000 \(machine.command("deploy sample_image"))"
                let others = ["deploy sample_image", "rollback", "rm sample_image", "prune", "uninstall", machine.setup]
                let told = try await machine.disk.change(
                    """
                    bash -c "\(first)" > /dev/null 2>&1 & tracer=$!
                    until first=$(pgrep --parent $tracer docker-btrfs) && grep -q "FLOCK.* $first " /proc/locks; do sleep 0.05; done
                    echo $first
                    \(others.map { "! \(machine.command($0)) 2>&1" }.joined(separator: "\n"))
                    kill -9 $first; wait
                    """)
                let process = try #require(told.split(separator: "\n").first)
                let expected = """
                    Error: could not lock the filesystem of the root: process \(process) ('docker-btrfs') is changing it
                    hint: try again when that has ended

                    """
                #expect(told == "\(process)\n" + String(repeating: expected, count: others.count))
            }
        }

        @Test func `setup again changes nothing, and what a person changed stays`() async throws {
            try await Deployable.with { machine in
                try await machine.disk.change("echo mine > boot_docker/etc/hostname")
                let before = try await machine.everything()
                #expect(try await machine.run(machine.setup).contains("\nall is set up as it should be\n"))
                #expect(try await machine.everything() == before)
                #expect(try await machine.disk.look("cat docker_data/srv/work") == "of years\n")
                let more = machine.command(machine.setup + " --data /none")
                let noted = try await machine.disk.change("chmod 700 .; \(more) 2>&1 > /dev/null")
                let data = "note: there is no directory '/none' here: in each root it is '/docker_data/none', which is empty\n"
                #expect(noted == data)
            }
        }
    }
}
