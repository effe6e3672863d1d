internal import Basics

extension KernelCommandLine {
    /// Whether it asks for something else than the running system: for systemd's rescue or emergency mode (kernel-command-line(7)),
    /// sysvinit's single user (init(8)), Ubuntu's recovery menu, a stop in the initramfs, or a shell in the place of init.
    var asksForRepair: Bool {
        parameters.contains { parameter in
            guard let value = parameter.value else { return repairWords.contains(parameter.key) }
            return switch parameter.key {
            case "systemd.unit", "rd.systemd.unit": Self.repairUnits.contains(value)
            case "break", "rd.break": true
            default: false
            }
        } || value(.initProgram).map { Self.shells.contains(String(decoding: Path($0)?.name ?? [], as: UTF8.self)) } ?? false
    }

    private static let repairUnits = ["rescue.target", "emergency.target", "rescue.service", "emergency.service", "runlevel1.target"]
    private static let shells = ["sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "mksh", "busybox", "sulogin"]
}
