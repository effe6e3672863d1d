public import Basics

/// Where a system's init is looked for, the first one first, where `init=` names none: by the survey of an image, and by /init.
///
/// The places of the kernel, and where systemd is without the package that links it. The kernel's last one, a shell, is left out: it
/// starts no system, and who wants it says `init=/bin/sh`.
public let usualInits: [Path] = ["sbin/init", "usr/sbin/init", "etc/init", "bin/init", "lib/systemd/systemd"]
