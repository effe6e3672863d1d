internal import CLinux
internal import Planning

/// Which extended attributes of a file its copy gets, and by which names.
enum AttributeChoice {
    case all
    /// All but docker-btrfs's own, which say what a root is.
    case butOurs
    /// Those that a mount of an overlay's layer shows, but for SELinux's label: that is the one of the store and not of the image.
    case ofOverlay

    /// The name of the copy's attribute; nil where the copy has none.
    func name(ofCopyOf name: [CChar]) -> [CChar]? {
        switch self {
        case .all: return name
        case .butOurs: return Mark.prefixes.contains { name.begins(with: $0) } ? nil : name
        case .ofOverlay:
            if strcmp(name, "security.selinux") == 0 { return nil }
            return name.begins(with: OverlayAttribute.prefix) ? OverlayAttribute.unescaped(name) : name
        }
    }
}
