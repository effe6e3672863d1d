internal import CLinux

/// The version of both programs.
public let version = DOCKER_BTRFS_VERSION
