package import Basics
internal import Planning

/// Where docker-btrfs keeps things on the top level of the root's filesystem. All that lies there was made by it. How the files
/// in `deployments` are called is said where they are read: by `Deployment`, and by the companion's `NamedRoot`.
///
///     /.docker-btrfs/roots/docker_rwlayer/new     the root that is being built
///     /.docker-btrfs/roots/docker_rwlayer/7       a root that was replaced: the seventh that was made
///     /.docker-btrfs/roots/.docker-btrfs%2Fprojects%2Fwork/1
///                                                 the root of the project 'work', which is entered and never booted
///     /.docker-btrfs/roots/.docker-btrfs%2Fprojects%2Fwork/made
///                                                 what it was made of, as its mark said then
///     /.docker-btrfs/layers/<chain id>            a hold: a read-only snapshot of a layer that a root was made from
///     /.docker-btrfs/templates/docker_rwlayer.<digest>
///                                                 a read-only snapshot of a root before its first boot, for the next one
///     /.docker-btrfs/enter/3/root                 a root that somebody is in
///     /.docker-btrfs/rehearsals/1/                read-only snapshots, as long as `docker-btrfs rehearse --this-disk` reads their data
///     /.docker-btrfs/base                         what a root was before it was changed, as long as `docker-btrfs diff` looks at it
///     /.docker-btrfs/keeping                      a root that is being kept under a name, before it has that
///     /.docker-btrfs/deployments/<image id>       an image that was made ready to boot: what its kernel's files are
///     /.docker-btrfs/deployments/<image id>.left  that somebody went back from it
///     /.docker-btrfs/deployments/<image id>.failed  how many boots of it were not good before it was asked for once more, and of which root
///     /.docker-btrfs/deployments/NAME.root        the same of a root that a person keeps as the subvolume NAME
///     /.docker-btrfs/boot/                        kernels and initramfs images, where the boot loader reads btrfs
///     /.docker-btrfs/settings                     what `docker-btrfs setup` found, or was told
///     /.docker-btrfs/update                       what came of the last `docker-btrfs deploy --pull`
///     /.docker-btrfs/data.new                     what `docker-btrfs setup --data` copies, before it has its name
///     /.docker-btrfs/send                         read-only snapshots, as long as `docker-btrfs image` sends them
///     /.docker-btrfs/record                       how often each image and root was tried
package enum Layout {
    package static let home = Place.home.path
    package static let allRoots: Path = ".docker-btrfs/roots"
    package static let layers: Path = ".docker-btrfs/layers"
    package static let deployments: Path = ".docker-btrfs/deployments"
    package static let bootFiles: Path = ".docker-btrfs/boot"
    package static let settings: Path = ".docker-btrfs/settings"
    package static let base: Path = ".docker-btrfs/base"
    package static let update: Path = ".docker-btrfs/update"
    package static let entered: Path = ".docker-btrfs/enter"
    package static let keeping: Path = ".docker-btrfs/keeping"
    package static let newData: Path = ".docker-btrfs/data.new"
    package static let send: Path = ".docker-btrfs/send"
    package static let rehearsals: Path = ".docker-btrfs/rehearsals"
    package static let templates: Path = ".docker-btrfs/templates"
    static let record = Place.record.path

    /// In a folder of top layers: where those are that are chosen by what a machine is called.
    package static let machineLayers: Path = "machine"

    /// Where the roots called `name` lie when they are not in their place.
    package static func roots(of name: Path) -> Path {
        allRoots.appending(name: escaped(name.bytes))
    }

    /// Where the next root called `name` is built.
    package static func new(_ name: Path) -> Path {
        roots(of: name) / "new"
    }

    /// Where a root called `name` lies once it was replaced, by its number.
    package static func kept(_ name: Path, _ number: Int) -> Path {
        roots(of: name).appending("\(number)")
    }

    /// What the root of a project is called, where roots have names: nothing that a kernel command line may call its root. So it lies
    /// among the kept roots, and a boot that does not know of projects still holds its layer.
    package static func project(_ name: String) -> Path {
        projects.appending(name)
    }

    package static let projects: Path = ".docker-btrfs/projects"

    /// Where it is written down what a project was made of that has its root at `place`.
    package static func record(ofProjectAt place: Path) -> Path {
        place.parent / "made"
    }

    /// Where the layer of a chain id is held: a read-only snapshot, or what was merged of the image's layers.
    package static func hold(_ chainID: ChainID) -> Path {
        layers.appending(chainID.digest.hex)
    }

    /// A template of the roots called `name`; `recipe` is the digest of what it was made from.
    static func template(_ name: Path, _ recipe: Digest) -> Path {
        templates.appending(name: templatePrefix(name) + Array(recipe.hex.utf8))
    }

    /// Whether a name in `templates` is that of a template of the roots called `name`.
    static func isTemplate(_ entry: [UInt8], of name: Path) -> Bool {
        let prefix = templatePrefix(name)
        return entry.starts(with: prefix) && entry.count == prefix.count + 64
    }

    private static func templatePrefix(_ name: Path) -> [UInt8] {
        escaped(name.bytes) + [UInt8(ascii: ".")]
    }

    /// Whether `name` is that of a root that was kept: `.docker-btrfs/roots/NAME/7`.
    package static func isKept(_ name: Path) -> Bool {
        name.parent.parent == allRoots && number(name.name) != nil
    }

    /// The number that a kept root's name is; nil for any other name.
    package static func number(_ name: [UInt8]) -> Int? {
        RootNumber.read(name).flatMap { $0 <= RootNumber.highest ? $0 : nil }
    }

    /// The name whose roots lie in a directory of that name; nil for one that we did not make.
    package static func name(ofRootsIn directory: [UInt8]) -> Path? {
        var bytes: [UInt8] = []
        var rest = directory[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else if rest.starts(with: "2F".utf8) || rest.starts(with: "25".utf8) {
                bytes.append(rest.starts(with: "2F".utf8) ? UInt8(ascii: "/") : byte)
                rest = rest.dropFirst(2)
            } else {
                return nil
            }
        }
        return Path(bytes)
    }

    /// A path as one name, the way of URLs: `layers/one` is `layers%2Fone`.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte in
            switch byte {
            case UInt8(ascii: "/"): Array("%2F".utf8)
            case UInt8(ascii: "%"): Array("%25".utf8)
            default: [byte]
            }
        }
    }
}
