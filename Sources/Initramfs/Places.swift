public import Basics
internal import InitProcess

/// Where docker-btrfs-init is, in a system and in an initramfs.
public let programPath: Path = "usr/bin/docker-btrfs-init"

/// Where docker-btrfs's configuration is, in a system and in an initramfs.
public let configurationFile: Path = "etc/docker-btrfs.json"

/// The modules that docker-btrfs-init loads as /init, one path a line.
let modulesListPath: Path = Path(ModuleList.path) ?? .top
