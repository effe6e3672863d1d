/// Kernel parameters without a value by which a boot is one for repair: systemd's (kernel-command-line(7)), sysvinit's (init(8)), Ubuntu's,
/// and those of initramfs frameworks.
package let repairWords = [
    "rescue", "emergency", "recovery", "single", "s", "S", "-s", "1", "-b", "rd.rescue", "rd.emergency", "rd.single", "break", "rd.break",
]
