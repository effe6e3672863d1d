public import Basics
internal import Boot
internal import InitProcess

/// Where docker-btrfs-init is, in a system and in an initramfs.
public let programPath: Path = "usr/bin/docker-btrfs-init"

/// What marks a boot as good, where no unit of systemd does.
package let goodMarkCommand = "\(programPath) --mark-good"

/// Where docker-btrfs's configuration is, in a system and in an initramfs.
public let configurationFile: Path = Path(Configuration.path) ?? .top

/// Where systemd's own program is, in a system and in an initramfs.
package let systemdPrograms: [Path] = ["lib/systemd/systemd", "usr/lib/systemd/systemd"]

/// The modules that docker-btrfs-init loads as /init, one path a line.
let modulesListPath: Path = Path(ModuleList.path) ?? .top
