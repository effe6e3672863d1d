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
                let early = try await machine.disk.change(
                    "rm .docker-btrfs/settings; ! '\(Repository.companion)' plan --cmdline 'root=LABEL=x' 2>&1")
                let first = "nothing was set up on this machine: 'docker-btrfs setup' comes first; "
                #expect(early.contains("\(reason)\nhint: \(first)docker-btrfs deploy"), "\(early)")
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
                #expect(gone.hasPrefix("Error: could not find a deployment '\(enough)'\nhint: there is sample_image:v2 ("), "\(gone)")
            }
        }

        @Test func `a name that its image's id begins with is a name`() async throws {
            try await Deployable.with { machine in
                let name = try String(machine.shortID("sample_image:latest").prefix(4))
                try await machine.tag("sample_image:latest", as: name, "\(name):latest")
                #expect(try await machine.run("deploy \(name)").contains("\nnext boot: \(name):latest ("))
                // As a build does, which gives the name to another image.
                try await machine.tag("sample_image:v2", as: name, "\(name):latest")
                let two = try machine.shortID("sample_image:v2")
                #expect(try await machine.run("deploy").contains("\nnext boot: \(name):latest (\(two)) with kernel 6.1, a new root"))
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
