import ArgumentParser
import Basics
import CLinux
import Deployments
import Glibc
import Images
import Linux

struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "List the images, whether each can be booted, and where its files are.",
        discussion: """
            Reads the stores of Docker, containerd and Podman where their configurations say, or one elsewhere; no daemon is asked. What \
            cannot be booted is listed with the reason. With --format json one object a line: names, id, store, size (in bytes), created \
            (seconds since 1970), bootable, reason (why not). On a terminal, digests in LAYER are cut to 12 digits.
            """
    )

    @Option(
        name: .customLong("data-root"),
        help: ArgumentHelp("Docker's data-root, containerd's root or Podman's graphroot; looked for unless given.", valueName: "dir"),
        completion: .directory)
    var dataRoot: String?

    @Option(help: ArgumentHelp("Whose images of containerd: \"moby\" are Docker's.", valueName: "name"))
    var namespace: String?

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    func run() throws {
        let root = try Directory(opening: "/")
        let images = try listing(in: root)
        let release = kernelRelease()
        @Sendable func looked(at images: ArraySlice<ListedImage>, hasKernelBeside: Bool) -> [Bootability] {
            images.map { Bootability(of: $0, in: root, kernel: release, hasKernelBeside: hasKernelBeside) }
        }
        var bootable = together(images.count) { part in looked(at: images[part], hasKernelBeside: false) }
        // Finding this machine's top layer takes as long as looking at many images.
        if bootable.contains(where: { $0.verdict == .noKernel }), Bootability.hasKernelInTopLayer() {
            for index in bootable.indices where bootable[index].verdict == .noKernel {
                bootable[index] = looked(at: images[index...index], hasKernelBeside: true)[0]
            }
        }
        if format == .json {
            for (image, bootability) in zip(images, bootable) { print(image.line(bootability)) }
            return
        }
        let rows = zip(images, bootable).map { image, bootability in
            [
                image.names.isEmpty ? "<none>" : image.names.joined(separator: ", "),
                image.id?.short ?? "<none>",
                image.size.map { roundedMegabytes($0) } ?? "-",
                image.created.map { date($0) } ?? "-",
                image.store.word,
                bootability.verdict.rawValue,
                isatty(STDOUT_FILENO) == 1 ? shorteningDigests(bootability.place) : bootability.place,
            ]
        }
        let header = ["NAMES", "IMAGE ID", "SIZE", "CREATED", "STORE", "BOOTABLE", "LAYER"]
        let text = table([header] + rows) { row, column in
            row == 0 || column != 5 ? nil : rows[row - 1][5] == Bootability.Verdict.yes.rawValue ? .green : .red
        }
        print(text)
    }

    private func listing(in root: Directory) throws -> [ListedImage] {
        if let dataRoot {
            let stores = try stores(at: dataRoot, in: root)
            noteNamespace(stores.kinds)
            let (images, faults) = try stores.listing(together)
            for fault in faults { tell(note: fault.message) }
            return images
        }
        var (images, kinds, failures): ([ListedImage], [StoreKind], [Failure]) = ([], [], [])
        // Where an engine's configuration cannot be read, the other engines are listed all the same.
        func configured(_ engine: (Directory) throws(Failure) -> String) -> String? {
            do throws(Failure) { return try engine(root) } catch {
                failures.append(error)
                return nil
            }
        }
        let (docker, containerd) = (configured(EngineRoots.docker(in:)), configured(EngineRoots.containerd(in:)))
        let places = [docker, containerd, configured(EngineRoots.podman(in:))].compactMap { $0 }
        for place in places where access(place, F_OK) == 0 {
            // Docker's containerd was read with Docker.
            if place == containerd && !kinds.isEmpty && Self.isBeside(docker, place) { continue }
            do throws(Failure) {
                let stores = try stores(at: place, in: root)
                let listed = try stores.listing(together)
                images += listed.images
                failures += listed.faults
                kinds += stores.kinds
            } catch {
                failures.append(error)
            }
        }
        if kinds.isEmpty {
            throw failures.first
                ?? Failure(
                    "could not find images: there is none of \(places.map { "'\($0)'" }.joined(separator: ", "))",
                    hint: "say where the store is: --data-root DIR")
        }
        for failure in failures { tell(note: failure.message) }
        noteNamespace(kinds)
        return images
    }

    /// Other stores have no namespaces, and list what they have.
    private func noteNamespace(_ kinds: [StoreKind]) {
        guard let namespace, !kinds.contains(where: \.isContainerd) else { return }
        tell(note: "no store of containerd has the namespace '\(namespace)'")
    }

    /// Whether containerd's root is where the probe of a data-root looks too.
    private static func isBeside(_ docker: String?, _ containerd: String) -> Bool {
        docker.flatMap { Path($0) }.map { $0.parent / "containerd" } == Path(containerd)
    }

    private func stores(at dataRoot: String, in root: Directory) throws(Failure) -> ImageStores {
        try ImageStores(ofEngineAt: dataRoot, in: root, StoreChoice(namespace: namespace))
    }
}

extension Bootability {
    /// Where its layer is, or why it cannot be booted.
    fileprivate var place: String {
        switch tree {
        case .subvolume(let path)?: path.description
        case .layers(let paths)?: (paths.first?.description ?? "") + (paths.count > 1 ? " and \(paths.count - 1) below" : "")
        case nil: reason?.message ?? ""
        }
    }
}

extension ListedImage {
    fileprivate func line(_ bootability: Bootability) -> String {
        let reason = bootability.reason
        return JSONOutput.object([
            ("names", .array(names.map { .string($0) })), ("id", .text(id?.description)),
            ("store", .string(store.word)), ("size", .number(size)),
            ("created", .number(created)), ("bootable", .boolean(reason == nil)),
            ("reason", .text(reason?.message)),
        ]).line
    }
}

/// Rounded to the nearest one: it tells how large an image is, and not how much room something needs.
private func roundedMegabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000 + (bytes % 1_000_000 >= 500_000 ? 1 : 0)) MB" }

/// For a person, who tells them apart by that: a path with one in full is wider than most terminals.
func shorteningDigests(_ text: String) -> String {
    var (shown, digits): ([UInt8], [UInt8]) = ([], [])
    for byte in Array(text.utf8) + [0] {
        if isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) {
            digits.append(byte)
            continue
        }
        shown += digits.count == 64 ? Array(digits.prefix(12)) + Array("…".utf8) : digits
        digits = []
        shown.append(byte)
    }
    return String(decoding: shown.dropLast(), as: UTF8.self)
}

/// The day in UTC.
private func date(_ seconds: Int) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    let digits = { (number: Int32) in number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
}
