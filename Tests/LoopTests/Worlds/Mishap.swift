import TestSupport

/// Something that is not as it should be on a disk before a boot: a script in its top level.
struct Mishap {
    /// What a boot may do about it.
    enum Demand: Comparable {
        /// Nobody needs what was spoiled: the boot makes a new root all the same.
        case newRoot
        /// The last root may be booted instead, if that is said.
        case anyRoot
        /// The boot may end with a sentence, since what stands in the root's place is somebody else's.
        case refusal
    }

    let name: String
    let script: String
    let demand: Demand

    /// What each kind of mishap makes, for one draw.
    static func random(_ chance: inout SplitMix) -> Mishap {
        let kinds = [number, time, record, mark, thing, thing, thing, folder, room, rootThing]
        return chance.pick(kinds)(&chance)
    }

    private static let home = ".docker-btrfs"
    private static let roots = ".docker-btrfs/roots/docker_rwlayer"

    /// Names with numbers that are larger than any root's, or that no root has.
    private static func number(_ chance: inout SplitMix) -> Mishap {
        let number = chance.pick([
            "0", "007", "2147483646", "2147483647", "2147483648", "18446744073709551616", "99999999999999999999999", "-1",
        ])
        let making = chance.pick(["mkdir", "btrfs subvolume create", "touch", "ln -s nowhere"])
        return Mishap(name: "\(making) \(number)", script: "\(making) -- \(roots)/\(number)", demand: .newRoot)
    }

    /// Times that do not fit nanoseconds in 64 bits, or lie before 1970.
    private static func time(_ chance: inout SplitMix) -> Mishap {
        let time = chance.pick([
            "@9223372036", "@9223372037", "2300-01-01", "@-1", "1800-01-01", "@4611686018427387904", "@9223372036854775807",
        ])
        let place = chance.pick([
            "boot_docker/etc/motd", "boot_docker", "boot_docker/new", "docker_rwlayer", "docker_rwlayer/etc", home, roots, "\(home)/layers",
            ".",
        ])
        return Mishap(name: "\(time) at \(place)", script: "touch --no-dereference --date '\(time)' \(place)", demand: .newRoot)
    }

    /// A record with a right sum and wrong contents, or with anything in its place.
    private static func record(_ chance: inout SplitMix) -> Mishap {
        let line = chance.pick([
            "image sha256:a sha256:b 2147483647 good x", "image sha256:a sha256:b 99999999999999999999 good x",
            "root 2147483647 2147483647 docker_rwlayer",
            "root 1 2147483647 docker_rwlayer", "root -1 -1 /", "image", "",
        ])
        let script = """
            { printf '%s\\n' 'docker-btrfs record 1' '\(line)'; } > \(home)/draft
            printf 'sum sha256:%s\\n' "$(sha256sum < \(home)/draft | cut -d ' ' -f 1)" >> \(home)/draft; mv \(home)/draft \(home)/record
            """
        return Mishap(name: "record '\(line)'", script: script, demand: .newRoot)
    }

    /// Marks that nobody of us wrote, on a root that was kept.
    private static func mark(_ chance: inout SplitMix) -> Mishap {
        let field = chance.pick([
            "s/^number .*/number 2147483647/", "s/^number .*/number 99999999999999999999/", "s/^made .*/made 9223372036854775807/",
            "s/^made .*/made -9223372036854775808/", "s/^image .*/image \\x1b[31m/", "s/^layer .*/layer ..\\/../", "s/^id .*/id sha256:/",
            "1d",
        ])
        let script = """
            for root in \(roots)/[0-9]*; do
                value=$(getfattr --only-values --name user.docker-btrfs.root $root | sed $'\(field)'; printf .)
                setfattr --name user.docker-btrfs.root --value "${value%.}" $root
            done
            """
        return Mishap(name: "mark \(field)", script: script, demand: .newRoot)
    }

    /// Anything at any place of the layout that is ours.
    private static func thing(_ chance: inout SplitMix) -> Mishap {
        let place = chance.pick([
            "\(home)/record", "\(home)/record.new", "\(roots)/new", "\(roots)/README", "\(roots)/1", "\(roots)/2", "\(home)/roots/README",
            "\(home)/roots/other", "\(home)/roots/other/1", "\(home)/roots/%zz", "\(home)/templates/README", "\(home)/layers/README",
            "\(home)/templates/docker_rwlayer.0000000000000000000000000000000000000000000000000000000000000000", "\(home)/lost+found",
        ])
        let making = chance.pick(things)
        return Mishap(name: "\(making) at \(place)", script: clearing(place) + put(making, at: place), demand: .newRoot)
    }

    /// Anything in the place of a folder of the layout, which somebody moved away.
    private static func folder(_ chance: inout SplitMix) -> Mishap {
        let place = chance.pick([home, "\(home)/roots", roots, "\(home)/layers", "\(home)/templates"])
        // A link to another folder is one that somebody wants.
        let making = chance.pick(things.filter { $0 != "link up" })
        return Mishap(name: "\(making) for \(place)", script: "mv \(place) \(place).was\n" + put(making, at: place), demand: .newRoot)
    }

    private static let things = [
        "file", "directory", "full directory", "dangling link", "link loop", "link up", "fifo", "socket", "device", "subvolume",
        "full subvolume", "read-only subvolume", "immutable file", "immutable directory", "immutable subvolume", "sparse file",
        "deep directory",
    ]

    /// What a user of the booted system can make of the root that is to be replaced.
    private static func rootThing(_ chance: inout SplitMix) -> Mishap {
        let making = chance.pick([
            "btrfs property set -ts docker_rwlayer ro true", "chattr +i docker_rwlayer",
            "rm docker_rwlayer/lib; ln -s lib docker_rwlayer/lib",
            "rm -r docker_rwlayer/usr/lib/modules; ln -s /proc docker_rwlayer/usr/lib/modules",
            "btrfs subvolume create docker_rwlayer/srv/own; touch docker_rwlayer/srv/own/file",
            "btrfs subvolume create docker_rwlayer/srv/own; mkdir docker_rwlayer/srv/own/{1..40}",
            "cd docker_rwlayer; for i in {1..17}; do mkdir $(printf %0250d $i); cd $(printf %0250d $i); done; btrfs subvolume create own",
            "chmod 0 docker_rwlayer; chown 1000:1000 docker_rwlayer", "rm -r docker_rwlayer/etc",
        ])
        return Mishap(name: making, script: making, demand: .newRoot)
    }

    /// A disk that is full, or only looks so.
    private static func room(_ chance: inout SplitMix) -> Mishap {
        let (making, demand): (String, Demand) = chance.pick([
            ("truncate --size 9G boot_docker/sparse", .newRoot),
            ("truncate --size 7E boot_docker/sparse", .newRoot),
            ("head --bytes 2M /dev/urandom > boot_docker/one; for i in {1..300}; do ln boot_docker/one boot_docker/one.$i; done", .newRoot),
            ("for root in \(roots)/[0-9]*; do head --bytes 400M /dev/zero > $root/full; sync; done", .anyRoot),
            ("head --bytes 400M /dev/zero > docker_rwlayer/full; sync", .anyRoot),
            ("head --bytes 400M /dev/zero > full; sync", .anyRoot),
            ("head --bytes 400M /dev/zero > full; truncate --size -20M full; sync", .anyRoot),
        ])
        return Mishap(name: making, script: making, demand: demand)
    }

    private static func clearing(_ place: String) -> String {
        "if [[ -d \(place) ]] && ! btrfs subvolume delete \(place) 2> /dev/null; then rm -rf \(place); else rm -f \(place); fi\n"
    }

    private static func put(_ thing: String, at place: String) -> String {
        let making =
            switch thing {
            case "file": "echo content > P"
            case "directory": "mkdir P"
            case "full directory": "mkdir -p P/sub; echo content > P/sub/file"
            case "dangling link": "ln -s nowhere P"
            case "link loop": "ln -s \"$(basename P)\" P"
            case "link up": "ln -s ../../.. P"
            case "fifo": "mkfifo P"
            case "socket": "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die' P"
            case "device": "mknod P b 7 99"
            case "subvolume": "btrfs subvolume create P"
            case "full subvolume": "btrfs subvolume create P; mkdir P/etc; echo content > P/etc/file; btrfs subvolume create P/sub"
            case "read-only subvolume": "btrfs subvolume create P; touch P/file; btrfs property set -ts P ro true"
            case "immutable file": "touch P; chattr +i P"
            case "immutable directory": "mkdir P; chattr +i P"
            case "immutable subvolume": "btrfs subvolume create P; touch P/file; chattr +i P/file P"
            case "sparse file": "truncate --size 8G P"
            default: "mkdir P; (cd P; for i in {1..60}; do mkdir $(printf %0200d $i); cd $(printf %0200d $i); done)"
            }
        return "mkdir -p \"$(dirname \(place))\"\n" + making.replacing("P", with: place)
    }
}
