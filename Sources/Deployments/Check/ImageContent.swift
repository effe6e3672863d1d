public import Basics
internal import Boot
internal import Images
public import LayerContent

/// How an image's files compare with what the store recorded of them.
public struct ImageContent: Sendable {
    /// Where something was looked at: the store's layers, or those that are held for a deployment.
    public struct Part: Sendable {
        public let name: String
        public let count: ContentCheck.Count
        public let differences: [ContentCheck.Difference]
        /// Layers that nothing is recorded of.
        public let unrecorded: [Path]
    }

    public let title: String
    public let parts: [Part]
    /// What is held, from the top level; nil where nothing is.
    fileprivate let held: Path?

    /// Whether there was anything to compare it with.
    public var isRecorded: Bool { parts.contains { $0.count.files > 0 || $0.unrecorded.isEmpty } }

    /// What makes it whole again; nil where it is.
    public func remedy(on site: Site) -> String? {
        let damaged = parts.map { !$0.differences.isEmpty }
        if damaged == [false, true], let held {
            // A deployment takes what is held, and holds nothing anew.
            return """
                the store has it whole: mount the top level ('mount -o subvolid=5 \(site.device) /mnt'), delete what is held \
                ('btrfs subvolume delete /mnt\(held)'), then deploy it again
                """
        }
        if !damaged.contains(true) { return nil }
        let last = held == nil ? "deploy it again" : "check it again, for what is held stays as it is"
        return "remove the image and all that share its layers, then pull or build it again; then \(last)"
    }
}

extension Site {
    /// Reads all files of an image, in the store and in what is held of it.
    public func checkContent(
        _ text: String, progress: @escaping (String) -> Void
    ) throws(Failure) -> ImageContent {
        let store = try storeFilesystem()
        let image = try image(ImageReference(text), in: store)
        let records = try LayerRecords(of: image, in: store, site: self, depth: .content)
        let filesystem = store?.top ?? topLevel
        var parts = [try part("the store", records, try image.wholeTree(in: filesystem), progress)]
        let held = topLevel.held(image.chainID)
        if let held {
            parts.append(try part("the held layer '\(held.show(.top))'", records, held, progress))
        }
        return ImageContent(title: image.title, parts: parts, held: held == nil ? nil : Layout.hold(image.chainID))
    }

    private func part(
        _ name: String, _ records: LayerRecords, _ whole: Directory?, _ progress: @escaping (String) -> Void
    ) throws(Failure) -> ImageContent.Part {
        let check = try ContentCheck(of: records, whole: whole) { count in
            if count.files % 1000 == 0 { progress("checked \(count.files) files (\(megabytes(count.bytes)))") }
        }
        return ImageContent.Part(name: name, count: check.count, differences: check.differences, unrecorded: check.unrecorded)
    }

    /// Fails where files of an image lack content: engines do not wait for their disk, and after a power cut they do not know.
    func checkIsWhole(_ image: Image, in store: StoreFilesystem?, progress: @escaping (String) -> Void) throws(Failure) {
        if image.isContainer { return }
        let records = try LayerRecords(of: image, in: store, site: self, depth: .sizes)
        let differences = try ContentCheck(of: records, whole: image.wholeTree(in: store?.top ?? topLevel)) { count in
            if count.files % 1000 == 0 { progress("checked \(count.files) files") }
        }.differences
        guard let first = differences.first else { return }
        let most = 5
        let names = differences.prefix(most).map { "'\($0.path)'" }.joined(separator: ", ")
        let others = differences.count > most ? " and \(differences.count - most) others" : ""
        throw Failure(
            """
            could not deploy '\(image.reference)': files lost their content, as after a power cut: \(names)\(others); of the first, \
            \(first.reason)
            """,
            hint: """
                remove the image and all that share its layers, then pull or build it again; 'docker-btrfs check --content \
                \(image.reference)' names all files
                """)
    }
}

extension LayerRecords {
    fileprivate init(of image: Image, in store: StoreFilesystem?, site: Site, depth: ContentCheck.Depth) throws(Failure) {
        if image.isContainer {
            throw Failure(
                "could not check the content of '\(image.reference)': a container changes its files, and nothing is recorded of them")
        }
        let layers = try site.imageStores(in: store).layers(of: image)
        try self.init(of: layers, in: store?.top ?? site.topLevel, depth: depth)
    }
}

extension Image {
    fileprivate var title: String { "\(reference) (\(id.short))" }

    /// What has all of the image's files; nil where only its layers together have them.
    fileprivate func wholeTree(in filesystem: Directory) throws(Failure) -> Directory? {
        let folder =
            switch tree {
            case .subvolume(let path): Optional(path)
            case .layers(let paths): store.isStacked ? nil : paths.first
            }
        guard let folder else { return nil }
        if let tree = try filesystem.directory(at: folder) { return tree }
        throw Failure("could not find the image's top layer '\(filesystem.show(folder))'")
    }
}
