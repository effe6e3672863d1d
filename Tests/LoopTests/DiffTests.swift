import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// `docker-btrfs diff`: what btrfs knows of a root, beside a comparison of all that is in it.
    struct DiffTests {
        /// A machine with one root of sample_image.
        private func withRoot(_ body: (Deployable) async throws -> Void) async throws {
            try await Disk.withStore { disk, store in
                try await disk.change(Self.topLayer)
                try await Deployable.with(disk, dataRoot: "docker", images: store.images) { machine in
                    try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                    try await body(machine)
                }
            }
        }

        /// What the image has no example of.
        private static let topLayer = """
            cd boot_docker; mkdir -p srv/{one/two/three,many}; echo small > srv/one/file; seq 1 100000 > srv/one/large
            echo old > srv/one/two/three/deep; ln -s file srv/one/link; ln srv/one/file srv/one/second; mkfifo srv/one/fifo
            for number in {1..40}; do echo "$number" > "srv/many/$number"; done
            """

        private static let changes = """
            cd docker_rwlayer/srv/one
            echo new > added; mkdir -p new/inner; echo new > new/inner/file; mv two 'moved'; echo more >> moved/three/deep
            mv large larger; chmod 600 larger; rm link; ln -s other link; ln larger linked
            chmod 640 file; setfattr -n user.note -v yes file; rm fifo; mkdir fifo; echo in > fifo/it
            cd ../many; rm 1; sed -i s/2/3/ 2; chown 5:6 3; touch 4; cat 5 > x; mv x 5; setfacl -m u:7:rw 6; chattr +d 7; mv 8 9
            rm 10; mkfifo 10; printf '%s' 11 > 11; cp 12 12.new; mv 12.new 12; mkdir d; mv 13 d; btrfs -q subvolume create sub; touch sub/in
            mkdir -p ../../var/log; echo line >> ../../var/log/syslog; echo > $'a\\nb\\033\\377'; mv 14 15.tmp; mv 15 14; mv 15.tmp 15
            chown -h 5 ../one/link
            """

        /// The image's layer does not have the top layer's files: without the template, one that was renamed is a new file.
        private func expected(isTemplate: Bool) -> String {
            var lines = """
                C /srv/many/10 (type)
                C /srv/many/11 (content)
                R /srv/many/15 → /srv/many/14
                R /srv/many/14 → /srv/many/15
                C /srv/many/2 (content)
                C /srv/many/3 (owner)
                C /srv/many/6 (mode, attributes)
                C /srv/many/7 (attributes)
                R /srv/many/8 → /srv/many/9
                A /srv/many/a\\x0ab\\x1b\u{FFFD}
                A /srv/many/d
                R /srv/many/13 → /srv/many/d/13
                A /srv/many/sub (subvolume)
                D /srv/many/1
                A /srv/one/added
                C /srv/one/fifo (type)
                A /srv/one/fifo/it
                C /srv/one/file (mode, attributes)
                C /srv/one/second (mode, attributes)
                R /srv/one/large → /srv/one/larger (mode)
                A /srv/one/linked
                C /srv/one/link (content, owner)
                R /srv/one/two → /srv/one/moved
                C /srv/one/moved/three/deep (content)
                A /srv/one/new
                A /srv/one/new/inner
                A /srv/one/new/inner/file
                """
            if !isTemplate {
                for (renamed, instead) in [
                    ("R /srv/many/15 → /srv/many/14", "C /srv/many/14 (content)"),
                    ("R /srv/many/14 → /srv/many/15", "C /srv/many/15 (content)"),
                    ("R /srv/many/8 → /srv/many/9", "D /srv/many/8\nC /srv/many/9 (content)"),
                    ("R /srv/many/13 → /srv/many/d/13", "D /srv/many/13\nA /srv/many/d/13"),
                    ("R /srv/one/large → /srv/one/larger (mode)", "D /srv/one/large\nA /srv/one/larger"),
                    ("R /srv/one/two → /srv/one/moved", "D /srv/one/two\nA /srv/one/moved\nA /srv/one/moved/three"),
                    ("C /srv/one/moved/three/deep (content)", "A /srv/one/moved/three/deep"),
                ] {
                    lines = lines.replacing(renamed, with: instead)
                }
            }
            return lines.split(separator: "\n").sorted().joined(separator: "\n")
        }

        private func diff(_ machine: Deployable, _ words: String = "") async throws -> String {
            try await machine.run("diff \(words)").split(separator: "\n").sorted().joined(separator: "\n")
        }

        private let routine = "and 2 paths that systems write by themselves: --all shows them"

        @Test func `each kind of change is told, from a template and from a layer`() async throws {
            try await withRoot { machine in
                #expect(try await machine.run("diff") == "", "a new root is what it was made as")
                try await machine.disk.change(Self.changes)
                let found = try await diff(machine).replacing(routine + "\n", with: "").replacing("\n" + routine, with: "")
                #expect(found == expected(isTemplate: true))
                // Without its layer nobody knows what the image has.
                let withoutLayer = try await machine.disk.change(
                    """
                    shopt -s nullglob; layers=(.docker-btrfs/layers/* docker/btrfs/subvolumes/*)
                    for file in $(cd .docker-btrfs/layers/*; find . -type f); do [[ -e boot_docker/$file ]] || break; done; file=${file#.}
                    for layer in "${layers[@]}"; do mv "$layer" "$layer.away"; done; mv "docker_rwlayer$file" docker_rwlayer/srv/away
                    echo "RUN rm -rf $file"; \(machine.command("adopt --image \"$file\"")) 2> /dev/null
                    for layer in "${layers[@]}"; do mv "$layer.away" "$layer"; done; mv docker_rwlayer/srv/away "docker_rwlayer$file"
                    """)
                let lines = withoutLayer.split(separator: "\n")
                #expect(lines.count > 1 && lines[1] == lines[0], "\(withoutLayer)")
                // The copy of a root has the same changes as that root.
                try await machine.disk.bootWell(machine.disk.line(keeping: ""))
                #expect(try await machine.run("diff") == "")
                #expect(try await diff(machine, "1").contains("R /srv/one/two → /srv/one/moved"))
                let before = try await machine.disk.subvolumes()
                try await machine.disk.change("btrfs -q subvolume delete .docker-btrfs/templates/*")
                let fromLayer = try await diff(machine, "1").replacing(routine + "\n", with: "").replacing("\n" + routine, with: "")
                #expect(fromLayer == expected(isTemplate: false))
                #expect(try await machine.run("diff") == "", "nothing was changed in this one")
                #expect(try await machine.disk.subvolumes() == before)
                // The root is no snapshot of this layer.
                try await machine.disk.change(
                    """
                    cd .docker-btrfs/layers; for hold in *; do
                        btrfs -q subvolume create new; cp -a "$hold/." new; btrfs -q subvolume delete "$hold"; mv new "$hold"
                    done
                    """)
                #expect(try await diff(machine, "1").contains("C /srv/one/file (mode, attributes)\nC /srv/one/link (content, owner)"))
                #expect(try await machine.run("diff") == "")
            }
        }

        @Test func `of the clock's drift nobody is told, of local time a person is`() async throws {
            try await withRoot { machine in
                func write(_ zone: String, to tree: String) async throws {
                    try await machine.disk.change(
                        "mkdir -p \(tree)/etc; printf '%s 0 0.0\\n0\\n\(zone)\\n' $RANDOM.1 > \(tree)/etc/adjtime")
                }
                try await write("UTC", to: "docker_rwlayer")
                #expect(try await diff(machine).hasPrefix("and 1 path "))
                try await write("LOCAL", to: "docker_rwlayer")
                #expect(try await diff(machine) == "A /etc/adjtime")
                #expect(try await machine.run("adopt --image 2> /dev/null") == "")
                try await machine.run("adopt /etc/adjtime")
                try await machine.disk.bootWell(machine.disk.line(keeping: ""))
                try await write("UTC", to: "docker_rwlayer")
                #expect(try await diff(machine) == "C /etc/adjtime (content)")
            }
        }

        @Test func `what no program can name is counted, however deep it is`() async throws {
            try await withRoot { machine in
                try await machine.disk.change(#"cd docker_rwlayer/srv; perl -e 'for (1..5000) { mkdir "d"; chdir "d" or die $! }'"#)
                let lines = try await machine.disk.change("\(machine.command("diff")) 2>&1").split(separator: "\n")
                let named = lines.count { $0.hasPrefix("A /srv/d") }
                let isCounted = lines.contains("note: 2953 paths are left out: longer than 4095 bytes, as no program can name them")
                // The paths themselves would fill the screen of whoever reads that one failed.
                #expect(named == 2047 && isCounted, "\(named); \(lines.last { $0.hasPrefix("note:") } ?? "")")
            }
        }

        @Test func `names are told byte for byte in JSON, and what is routine is marked`() async throws {
            try await withRoot { machine in
                try await machine.disk.change(Self.changes)
                var found: [String: [String: Any]] = [:]
                for line in try await machine.run("diff --all --format json").split(separator: "\n") {
                    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                    found[try #require(object["path"] as? String)] = object
                }
                #expect(found["/srv/many/a\\x0ab\\x1b\u{FFFD}"]?["path_hex"] as? String == "2f7372762f6d616e792f610a621bff")
                #expect(found["/var/log/syslog"]?["routine"] as? Bool == true)
                #expect(found["/srv/one/larger"]?["from"] as? String == "/srv/one/large")
                #expect(found["/srv/many/6"]?["changed"] as? [String] == ["mode", "attributes"])
                #expect(found["/srv/many/10"]?["file"] as? String == "fifo" && found["/srv/many/10"]?["routine"] as? Bool == false)
            }
        }

        /// What `find`, `sha256sum` and `getfattr` tell of each path.
        private func everything(_ disk: Disk, in place: String) async throws -> [String: String] {
            let listing = """
                cd \(place); find . -mindepth 1 -printf '%p\\t%y %m %U:%G %l\\n'
                find . -type f -print0 | xargs -0 -r sha256sum | sed -E 's/^([0-9a-f]+)  (.*)$/\\2\\t\\1/'
                getfattr --recursive --physical --no-dereference --absolute-names --dump --match=- . | awk '
                    /^# file: / { name = substr($0, 9); next } NF { print name "\\t" $0 }'
                """
            var found: [String: String] = [:]
            for line in try await disk.look(listing).split(separator: "\n") {
                let parts = line.split(separator: "\t", maxSplits: 1)
                if parts.count == 2 && parts[0] != "." { found[String(parts[0].dropFirst()), default: ""] += parts[1] + "\n" }
            }
            return found
        }

        @Test(arguments: [1, 2, 3])
        func `500 changes by programs are those that a comparison of everything finds`(seed: UInt64) async throws {
            try await withRoot { machine in
                var chance = SplitMix(seed: seed)
                try await machine.disk.change(
                    """
                    cd docker_rwlayer/srv; for one in {a..f}; do for two in {1..5}; do
                        mkdir -p "tree/$one/$two"; for three in x y z; do echo "$one$two$three" > "tree/$one/$two/$three"; done
                    done; done
                    """)
                // What was just made is in the root that the next one is compared with.
                try await machine.disk.change("rm -rf boot_docker/srv; cp -a docker_rwlayer/srv boot_docker/srv")
                try await machine.disk.bootWell(machine.disk.line(keeping: ""))
                let template = try #require(try await machine.disk.templates().first)
                let names = ["a", "b", "c", "d", "e", "f", "1", "2", "3", "4", "5", "x", "y", "z"]
                var script = "cd docker_rwlayer/srv/tree\n"
                for number in 1...500 {
                    let place = { (chance: inout SplitMix) in
                        let depth = chance.pick([1, 2, 3, 3, 3])
                        return (1...depth).map { _ in chance.pick(names) }.joined(separator: "/")
                    }
                    let (one, two) = (place(&chance), place(&chance))
                    let command = chance.pick([
                        "cp -a \(one) \(two)", "mv -T \(one) \(two)", "mv \(one) \(two)", "rm -r \(one)", "sed -i s/a/\(number)/ \(one)",
                        "chmod \(chance.pick(["600", "755", "644"])) \(one)", "setfattr -n user.n -v \(number) \(one)",
                        "ln -f \(one) \(two)",
                        "touch \(one)", "ln -sfn \(two) \(one)", "mkdir -p \(one)", "echo \(number) >> \(one)", "chown \(number) \(one)",
                        "printf %s \(number) > \(one)", "mknod \(one) c 1 3", "rmdir \(one)", "setfacl -m u:\(number):rw \(one)",
                        "rm \(one)",
                    ])
                    script += "{ \(command); } 2> /dev/null || true\n"
                    if chance.happens(3) { script += "sync -f .\n" }
                }
                try await machine.disk.change(script)
                let (before, after) = (
                    try await everything(machine.disk, in: template), try await everything(machine.disk, in: "docker_rwlayer")
                )
                let different = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
                #expect(different.count > 50)
                var covered: Set<String> = []
                func cover(_ path: String, _ tree: [String: String]) {
                    covered.formUnion(tree.keys.filter { $0 == path || $0.hasPrefix(path + "/") })
                }
                let objects = try await machine.run("diff --all --format json").split(separator: "\n").map { line in
                    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                }
                // Where something was moved away, something new may be in its place that looks the same.
                let left = objects.compactMap { $0["from"] as? String }
                for object in objects {
                    let path = try #require(object["path"] as? String)
                    let isNew = left.contains { path == $0 || path.hasPrefix($0 + "/") }
                    #expect(different.contains(path) || isNew, "\(object)")
                    if let from = object["from"] as? String {
                        cover(from, before)
                        cover(path, after)
                    }
                    let wasDirectory = before[path]?.hasPrefix("d") == true
                    if object["kind"] as? String == "D" || wasDirectory && (object["changed"] as? [String])?.contains("type") == true {
                        cover(path, before)
                    }
                    covered.insert(path)
                }
                #expect(different.subtracting(covered).sorted() == [])
            }
        }
    }
}
