public import Basics
internal import Boot
internal import BootEntries
internal import CLinux
public import Deployments
internal import Programs

/// The next boot of a machine from its own disk, in a virtual machine that never writes to it.
public struct ThisDiskRehearsal: Sendable {
    /// `desktop:latest (fefadf163068)`
    public let title: String
    public let imageID: String
    /// What is to be known of the next boot.
    public let note: String?
    private let site: Site
    private let entry: EntryFiles
    private let disk: WholeDisk
    private let memory: Int
    private let options: KernelOptions

    /// Of the entry that is named, the next boot's unless one is. `memory` is in MiB. Changes nothing. Fails where the disk is none that
    /// can be captured, and where nobody could tell whether that boot is good.
    public init(of site: Site, entry name: String?, memory: Int) throws(Failure) {
        entry = try site.entryFiles(of: name)
        (title, imageID, note) = (entry.title, entry.imageID, entry.note)
        (self.site, self.memory) = (site, memory)
        do throws(Failure) {
            disk = try WholeDisk(of: site.device)
            guard let request = try Request(KernelCommandLine(entry.options.description.utf8), .none) else {
                throw Failure("could not plan a boot of \(entry.title)")
            }
            if request.mode == .persist || request.earlierRoot != nil {
                throw Failure(
                    "could not rehearse \(entry.title) from this disk: its boot makes no new root, and whether that is good could not be told"
                )
            }
            let capture = try DiskCapture(device: DirectDevice(disk.path), start: disk.start, overlay: nil)
            try capture.checkQuiet(site.topLevel, capture.trees().superblock)
        } catch {
            throw error.hinting("rehearse without --this-disk makes a disk of its own")
        }
        // What a good boot writes is to be seen soon. Serial lines are where a virtual machine speaks.
        let words = entry.options.words.map { $0.hasPrefix("rootflags=") ? $0 + ",commit=5" : $0 }
        options = try KernelOptions(words.joined(separator: " ")) + KernelOptions("console=tty0 console=ttyS0,115200")
    }

    /// Captures the disk and starts it. `show` gets what is done, `tell` each line of the console. When `seconds` are over, counted from
    /// the start of the virtual machine, that is ended, and the boot is `late`. Fails where the disk cannot be captured, where the folder
    /// has no room, and where QEMU cannot be started.
    public func perform(
        in folder: DiskFolder, seconds: Int, withKVM: Bool, show: (String) -> Void, tell: @escaping @Sendable (String) -> Void
    ) async throws(Failure) -> Rehearsal.Outcome {
        let initrd = try folder.fill { () throws(Failure) in try writeKernel(in: folder) }
        var emulator = try Emulator(file: folder.overlay)
        emulator.memory = memory
        emulator.hasNetwork = false
        emulator.direct = Emulator.DirectStart(
            disk: disk, kernel: folder.kernel, initrd: initrd ? folder.initrd : nil, options: options.description)
        try emulator.check()
        try emulator.checkMemory(option: "--rehearsal-memory")
        let held = try HeldData(on: site.topLevel)
        let outcome: Rehearsal.Outcome
        do throws(Failure) {
            let report = try folder.fill { () throws(Failure) in try capture(in: folder, held, show) }
            try Interruption.check()
            show("start it in QEMU" + (withKVM ? "" : ", without KVM: that is slow"))
            let (overlay, path, start) = (folder.overlay, disk.path, disk.start)
            outcome = try await Rehearsal.Outcome(
                of: emulator, in: folder, seconds: seconds, withKVM: withKVM, tell: tell,
                isGood: { () throws(Failure) in
                    let disk = try OverlayReader(overlay, over: DirectDevice(path))
                    return try TreeReader(from: start, reading: disk.read)?.hasGoodRoot(madeAfter: report.generation) == true
                })
        } catch {
            try? held.end()
            throw error
        }
        try held.end()
        return outcome
    }

    private func capture(in folder: DiskFolder, _ held: HeldData, _ show: (String) -> Void) throws(Failure) -> DiskCapture.Report {
        let device = try DirectDevice(disk.path)
        let overlay = try Overlay(folder.overlay, over: device)
        let capture = DiskCapture(device: device, start: disk.start, overlay: overlay)
        show("copy the metadata of '\(disk.path)', \(site.device)'s btrfs")
        var count = 0
        let report = try capture.perform(of: site.topLevel) { () throws(Failure) in
            // The path of a store on another filesystem is one there.
            let settings = site.settings
            let layers = settings.storeDevice == nil ? HeldData.layers(ofStoreAt: settings.store) : []
            count = try held.hold(but: layers, root: settings.root)
        }
        show(
            """
            captured generation \(report.generation): \(report.copiedBytes >> 20) MiB of metadata; the filesystem was frozen for \
            \(report.frozenMilliseconds) ms, in which \(report.frozenBlocks) of \(report.blocks) changed blocks were read; \(count) snapshots hold its data
            """)
        return report
    }

    /// Whether there is something to be loaded with the kernel: all of it in one file, as QEMU takes it.
    private func writeKernel(in folder: DiskFolder) throws(Failure) -> Bool {
        var contents: [[UInt8]] = []
        for file in entry.files {
            guard let content = try entry.tree.contents(of: file, limit: 1 << 30) else {
                throw Failure("could not find '\(entry.tree.show(file))'")
            }
            contents.append(content)
        }
        try folder.write(contents[0], to: folder.kernel)
        if contents.count > 1 { try folder.write(Array(contents[1...].joined()), to: folder.initrd) }
        return contents.count > 1
    }
}
