internal import Basics
internal import Planning

/// What the person must know of an image.
extension Rotation {
    func imageNotes(_ source: Facts.Source) -> [String] {
        identityNote(source) + closedNote(source) + firstBootNote(source) + source.contents.notes
    }

    /// It was made for one machine.
    private func identityNote(_ source: Facts.Source) -> [String] {
        let files = source.contents.identity
        if files.isEmpty || layers.removeIdentity { return [] }
        let names = files.map { "'\($0)'" }.joined(separator: ", ")
        return [
            """
            image '\(source.reference.text)' brings \(names), which every machine that boots it has alike: take that away in the \
            Dockerfile, or say "image_identity": "remove" in the top layer's '\(LayerRules.manifest)'
            """
        ]
    }

    /// Nobody but root can do anything in it: `docker import` of an archive of a private directory makes such images.
    private func closedNote(_ source: Facts.Source) -> [String] {
        let permissions = source.contents.permissions
        if permissions & 0o1 != 0 || layers.contains(where: { $0.manifest.directories.contains(.top) }) { return [] }
        let mode = String(permissions, radix: 8)
        return ["only root can enter '/' of image '\(source.reference.text)', which has mode 0\(mode); 'RUN chmod 755 /' opens it"]
    }

    /// Told once for each image: systemd takes every boot of it for the first one.
    private func firstBootNote(_ source: Facts.Source) -> [String] {
        let isMade = layers.contains { $0.manifest.createOnly.contains { $0.parent == "etc" && $0.fits(Array("machine-id".utf8)) } }
        if !source.contents.lacksMachineID || isMade || request.machineID != nil || request.mode == .persist { return [] }
        if facts.record.knows(source.imageID, under: request.name) { return [] }
        return [
            """
            neither image '\(source.reference.text)' nor the top layer has '/etc/machine-id', so each boot is the first one to systemd: \
            say "create_only": ["/etc/machine-id"] in the top layer's '\(LayerRules.manifest)'
            """
        ]
    }
}
