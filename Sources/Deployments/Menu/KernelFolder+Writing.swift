internal import Basics
internal import Boot
internal import CLinux
internal import Files

extension KernelFolder {
    /// Writes a file, sharing its data with the image's where one filesystem has both; and reads it back. Only its owner may read it: the
    /// initramfs of an image may have keys of a disk in it.
    func add(_ file: BootFile, from image: Directory) throws(Failure) {
        let place = place(of: file.file)
        try tree.replace(place, what: "write") { (parent, draft) throws(Failure) in
            let new = try createDraft(draft, in: parent)
            defer { close(new) }
            let isShared = try file.source.map { source throws(Failure) in try shares(source, of: image, with: new) } ?? false
            if !isShared && !linux_write_all(new, file.content, file.content.count) { throw .reason() }
            if fsync(new) != 0 { throw .reason() }
        }
        // Compared and not digested again: a kernel and its initramfs have up to 100 MB.
        if try !tree.has(file.content, at: place) { throw damage(place) }
    }

    private func shares(_ source: Path, of image: Directory, with file: Int32) throws(Failure) -> Bool {
        guard let opened = try image.open(source, O_RDONLY, what: "open") else { return false }
        defer { close(opened) }
        return linux_clone_file(file, opened) == 0
    }

    /// Fails unless the file is found with its content where the boot loader will look for it.
    func prove(_ file: Deployment.File) throws(Failure) {
        if try !isIntact(file) { throw damage(place(of: file)) }
    }

    private func damage(_ place: Path) -> Failure {
        Failure(
            "could not find what was written as '\(tree.show(place))': its content is another one",
            hint: "the disk may be failing: see dmesg; 'docker-btrfs deploy' of its image writes it anew"
        )
    }
}

extension Directory {
    /// Writes all of its filesystem to the disk, past any log: boot loaders read none. vfat's syncfs(2) leaves what it wrote in the
    /// disk's own memory, and its fsync(2) does not. XFS writes its log alone, and all else half a minute later, unless it is frozen.
    func sync() throws(Failure) {
        if syncfs(descriptor) != 0 || fsync(descriptor) != 0 { throw .system("write '\(show(.top))' to the disk") }
        // Where that cannot be, as while somebody else has it frozen, a power cut in that time leaves the menu of before.
        if (try? filesystem().isXFS) == true { _ = try? FrozenFilesystem.during(self) {} }
    }
}
