package import Basics
internal import Boot

/// Whether an image that boots here has a network.
extension ImageCheck {
    /// What the top layer says of the network has to have its reader in the image; where it says nothing, the image sets it up by itself.
    mutating func checkNetwork() throws(Failure) {
        let manager: [Path] = ["usr/sbin/NetworkManager", "usr/bin/NetworkManager"]
        let netplan: [Path] = ["usr/sbin/netplan"]
        let (hasIfup, hasNetplan) = (try has(["sbin/ifup", "usr/sbin/ifup"]), try has(netplan))
        let said: [(place: String, isSaid: Bool, isRead: Bool, packages: String)] = [
            (
                "etc/network/interfaces", try topLayer.map { tree throws(Failure) in try namesNetworkCard([tree]) } ?? false, hasIfup,
                "ifupdown and isc-dhcp-client (Debian, Ubuntu)"
            ),
            ("etc/netplan", try isFilled("etc/netplan", of: [topLayer]), hasNetplan, "netplan.io (Debian, Ubuntu)"),
            (
                "etc/NetworkManager/system-connections", try isFilled("etc/NetworkManager/system-connections", of: [topLayer]),
                try has(manager), "network-manager (Debian, Ubuntu), NetworkManager (Fedora), networkmanager (Arch)"
            ),
        ]
        for kind in said where kind.isSaid && !kind.isRead {
            add(
                .warning, .network, "the top layer has \(kind.place), and the image nothing that reads it",
                "install it in the Dockerfile: \(kind.packages); or say the network as the image has it")
        }
        let hasNetworkd = try has([
            "etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
            "etc/systemd/system/dbus-org.freedesktop.network1.service",
        ])
        // Beside ifup it is what that asks for an address with.
        let dhcpcd: [Path] = hasIfup ? [] : ["usr/sbin/dhcpcd", "usr/bin/dhcpcd"]
        let isOfOthers = try has(manager + ["usr/sbin/connmand"] + dhcpcd)
        let namesCard = try namesNetworkCard(trees)
        let isOfIfup = hasIfup && namesCard
        if hasNetworkd && !isOfOthers && !isOfIfup { try checkNames() }
        if said.contains(where: \.isSaid) || isOfOthers || isOfIfup { return }
        if hasNetworkd {
            let folders: [Path] = ["etc/systemd/network"] + (hasNetplan ? ["etc/netplan"] : [])
            for folder in folders where try isFilled(folder, of: [topLayer, image]) { return }
            return add(
                .warning, .network, "systemd-networkd is enabled, and no file says what it sets up",
                "put one into etc/systemd/network of the top layer or of the image: 20-wired.network", .idleNetworkd)
        }
        if hasIfup {
            return add(
                .warning, .network, "ifup is there, and '/etc/network/interfaces' names no network card",
                "name one there, in the Dockerfile or in the top layer", .idleIfup)
        }
        // What these packages bring is started by another init.
        let isOfBusybox = try InitSystem(of: image) == .inittab(isBusybox: true)
        add(
            .warning, .network, "nothing sets it up",
            isOfBusybox
                ? "have /etc/inittab start a script that does, with busybox's ip, or its udhcpc"
                : "install network-manager (Debian, Ubuntu), NetworkManager (Fedora), networkmanager (Arch); or RUN systemctl enable systemd-networkd"
        )
    }

    /// systemd-networkd asks for servers of names, and leaves to others what is done with them.
    private mutating func checkNames() throws(Failure) {
        if try !trees.resolveNames() { findings.append(.names) }
    }
}

/// Whether interfaces(5) sets up a card, or says where else that is. The first of the trees goes before the others.
private func namesNetworkCard(_ trees: [ImageFiles]) throws(Failure) -> Bool {
    for tree in trees {
        for name in try tree.names(in: "etc/network/interfaces.d") where name.first != UInt8(ascii: ".") { return true }
    }
    let content = try trees.contents(of: "etc/network/interfaces") ?? []
    return String(decoding: content, as: UTF8.self).parts(at: "\n").contains { line in
        let words = line.split { " \t\r".contains($0) }
        if words.count < 2 { return false }
        switch words[0] {
        case "iface": return words[1] != "lo"
        // As Debian has it; what is there is looked at.
        case "source", "source-directory": return !["/etc/network/interfaces.d", "/etc/network/interfaces.d/*"].contains(words[1])
        default: return false
        }
    }
}

extension ImageFinding {
    package static let names = ImageFinding(
        weight: .warning, subject: .names, text: "systemd-networkd is enabled, and nothing resolves names",
        remedy:
            "install systemd-resolved in the Dockerfile, and RUN systemctl enable systemd-resolved; or put etc/resolv.conf into the top layer"
    )
}

extension [ImageFiles] {
    /// Whether something there knows servers of names, or asks systemd-networkd for them.
    package func resolveNames() throws(Failure) -> Bool {
        let resolved: [Path] = [
            "etc/systemd/system/multi-user.target.wants/systemd-resolved.service",
            "etc/systemd/system/sysinit.target.wants/systemd-resolved.service",
            "etc/systemd/system/dbus-org.freedesktop.resolve1.service",
        ]
        if try have(oneOf: resolved) { return true }
        let servers = try contents(of: "etc/resolv.conf").map { String(decoding: $0, as: UTF8.self) } ?? ""
        return servers.split(separator: "\n").contains { $0.hasPrefix("nameserver") }
    }
}
