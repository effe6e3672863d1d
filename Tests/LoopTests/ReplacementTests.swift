import Basics
import Linux
import Planning
import TestSupport
import Testing

extension OnDisk {
    /// Where the top layer and the image have directories, and one of them does not.
    struct ReplacementTests {
        private func layer(of store: Store) throws -> String {
            "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
        }

        @Test func `the top layer wins over whole directories, and that is said`() async throws {
            try await Disk.withStore { disk, store in
                try await disk.change(
                    """
                    mkdir -p other/srv/{plain,dangling,loop,pointing,fifo}; touch other/srv/{kept,file}; ln -s x other/srv/link; mkfifo other/srv/pipe
                    cd \(layer(of: store))/srv; mkdir -p link pipe/{a/b,c}; ln -s /victims pipe/a/out; touch pipe/c/file plain file
                    ln -s nowhere dangling; ln -s loop loop; ln -s file pointing; mkfifo fifo
                    """)
                let outcome = try await disk.boot(disk.line("toplayer_path=other"))
                let said = outcome.told.split(separator: "\n").filter { $0.contains("replaced") }.sorted()
                #expect(
                    said == [
                        "the top layer's directory '/srv/dangling' replaced a symlink of the image",
                        "the top layer's directory '/srv/fifo' replaced a special file of the image",
                        "the top layer's directory '/srv/loop' replaced a symlink of the image",
                        "the top layer's directory '/srv/plain' replaced a file of the image",
                        "the top layer's directory '/srv/pointing' replaced a symlink of the image",
                        "the top layer's file '/srv/kept' replaced a directory of the image",
                        "the top layer's special file '/srv/pipe' replaced a directory of the image",
                        "the top layer's symlink '/srv/link' replaced a directory of the image",
                    ])
                #expect(
                    try await disk.look("cd docker_rwlayer/srv; find . -printf '%p %y\\n' | sort; cat \"$OLDPWD\"/victims/file") == """
                        . d
                        ./dangling d
                        ./fifo d
                        ./file f
                        ./kept f
                        ./link l
                        ./loop d
                        ./pipe p
                        ./plain d
                        ./pointing d
                        the victim

                        """)
            }
        }

        @Test func `a hundred such directories are not told one by one`() async throws {
            try await Disk.withStore { disk, store in
                try await disk.change("mkdir -p other/srv; touch other/srv/{1..100}; mkdir \(layer(of: store))/srv/{1..100}")
                let told = try await disk.boot(disk.line("toplayer_path=other")).told
                #expect(told.split(separator: "\n").filter { $0.hasSuffix(" replaced a directory of the image") }.count == 20)
                #expect(told.contains("\nthe top layer replaced 80 more in this way\n"))
            }
        }

        @Test func `directories of the image keep all that they have, but those that the rules name`() async throws {
            try await Disk.withStore { disk, store in
                let make = "setfattr -n user.own -v own"
                try await disk.change(
                    """
                    mkdir -p other/{a,b}/sub; touch other/{a,b}/sub/file; chown 3:4 other other/a other/b; chmod 2751 other/a other/b; chmod 701 other
                    for place in other other/a other/b; do setfattr -n user.layer -v layer $place; done
                    setfattr -n user.docker-btrfs.root -v false other; setfacl -m default:user:7:rx other/b; chattr +d other/b
                    touch -d @7.000000007 other/a other/b other
                    root=root; btrfs subvolume create root; mkdir root/a root/real; ln -s real root/b; chmod 700 root/a root/real
                    for place in root root/a root/real; do \(make) $place; done; setfattr -n user.docker-btrfs.root -v true root
                    setfacl -m default:user:8:rx root/a root/real; chattr +C root/real; touch -d @9.000000009 root/a root/real root; sync
                    """)
                let before = try disk.inventory("root")
                try copyTopLayer(on: disk, LayerRules(directories: [.top, "b"]))
                let (layer, after) = (try disk.inventory("other"), try disk.inventory("root"))
                #expect(after["/a"] == before["/a"]?.merging(["size": "6"]) { $1 })
                #expect(after["/real"] == layer["/b"])
                #expect(after["/"]?["attributes"] == "user.docker-btrfs.root=74727565 user.layer=6c61796572")
                for key in ["mode", "owner", "modified"] { #expect(after["/"]?[key] == layer["/"]?[key]) }
                #expect(after["/a/sub/file"] == layer["/a/sub/file"])
                #expect(after["/real/sub"] == layer["/b/sub"])
            }
        }

        @Test func `modules beside the kernel go to those that others have put there for it`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    btrfs -q subvolume create root; mkdir -p root/usr/lib/modules/6.1/updates modules; ln -s usr/lib root/lib
                    echo own > root/usr/lib/modules/6.1/updates/own.ko; echo all > modules/modules.dep; sync
                    """)
                for release in ["6.1", "6.2"] as [Path] {
                    try perform(.copyModules("modules", to: "lib/modules" / release, of: "root"), on: disk)
                }
                #expect(try await disk.look("cd root/usr/lib/modules; cat 6.1/updates/own.ko 6.1/modules.dep 6.2/*") == "own\nall\nall\n")
            }
        }

        private func copyTopLayer(on disk: Disk, _ rules: LayerRules) throws {
            try perform(.copyTopLayer(Place("other", on: .topLayer(.path(disk.device))), rules, over: "root"), on: disk)
        }

        private func perform(_ step: Step, on disk: Disk) throws {
            let request = MountRequest(device: disk.device, filesystemType: "btrfs", options: ["subvolid=5"])
            let top = try Directory.mounting(request, label: "")
            var machine = LinuxMachine(topLevel: top, topLayer: .success(try Directory.mounting(request, label: "")))
            #expect(try machine.perform(step) == [])
        }
    }
}
