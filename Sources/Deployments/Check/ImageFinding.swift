/// What is wrong with an image for a machine.
public struct ImageFinding: Equatable, Sendable {
    public enum Weight: String, Sendable {
        /// It does not boot.
        case error
        /// It boots, and somebody may not be content.
        case warning
    }

    /// The word that it begins with, in JSON too.
    public enum Subject: String, Sendable, CustomStringConvertible {
        case boot, certificates, companion, console, container, devices, drivers, fstab, identity, keyboard, kernel, login, modules, names
        case network, ssh, system, uki
        case initSystem = "init"
        case selinux = "SELinux"

        public var description: String { rawValue }

        /// Whether it is of the kernel itself, which a disk can take from another image.
        package var isOfKernel: Bool { self == .kernel || self == .modules }
    }

    /// What the reader of a finding does more about than to tell it.
    public enum Cause: Sendable {
        case noInit
        /// A file that tells systemd-networkd what to set up is all that lacks.
        case idleNetworkd
        /// A card in interfaces(5) is all that lacks.
        case idleIfup
        /// Somebody can log in: anybody.
        case openRoot
    }

    public let weight: Weight
    public let subject: Subject
    package let cause: Cause?
    public let text: String
    /// The line that mends it.
    public let remedy: String

    package init(weight: Weight, subject: Subject, cause: Cause? = nil, text: String, remedy: String) {
        self.weight = weight
        self.subject = subject
        self.cause = cause
        self.text = text
        self.remedy = remedy
    }

    /// For who is told it beside something else.
    var note: String { "\(subject): \(text); \(remedy)" }

    package func with(text: String? = nil, remedy: String? = nil) -> ImageFinding {
        ImageFinding(weight: weight, subject: subject, cause: cause, text: text ?? self.text, remedy: remedy ?? self.remedy)
    }
}
