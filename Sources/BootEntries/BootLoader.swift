public import Basics

/// A boot loader that docker-btrfs writes menu entries for.
public enum BootLoader: String, Sendable, CaseIterable {
    case refind, grub
    case systemdBoot = "systemd-boot"
    /// Any other: what it needs is printed, and a person writes the entry.
    case print

    /// As its makers write it.
    public var title: String {
        switch self {
        case .refind: "rEFInd"
        case .grub: "GRUB"
        case .systemdBoot: "systemd-boot"
        case .print: "another boot loader"
        }
    }

    /// The files of a menu, in the order in which they are written: whatever is cut off, the default is the old one or the new one.
    public func files(for menu: BootMenu) throws(Failure) -> [MenuFile] {
        switch self {
        case .refind: RefindMenu.files(for: menu)
        case .grub: try GrubMenu.files(for: menu)
        case .systemdBoot: LoaderSpecificationMenu.files(for: menu)
        case .print: []
        }
    }

    /// The entries as a person reads them.
    public static func lines(of menu: BootMenu) -> [String] { PlainMenu.lines(for: menu) }
}
