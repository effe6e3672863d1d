public import Basics
internal import CLinux

extension NewRoot {
    /// Becomes the root's init: hands the kernel's filesystems over, makes the root `/`, frees the memory of the initramfs.
    /// Returns only by failing.
    public func start(note: (Failure) -> Void) throws(Failure) {
        let old = try Directory(opening: "/")
        for filesystem in KernelFilesystem.allCases {
            do throws(Failure) {
                try handOver(filesystem.place)
            } catch {
                note(error)
            }
        }
        if chdir(Self.place) != 0 || CLinux.mount(".", "/", nil, UInt(MS_MOVE), nil) != 0 || chroot(".") != 0 || chdir("/") != 0 {
            throw .system("make '\(Self.place)' the root")
        }
        free(old)
        linux_become(program)
        throw .system("start '\(program)' of the root")
    }

    /// Moves a mount into the root, where a symlink of the image cannot lead it out.
    private func handOver(_ place: String) throws(Failure) {
        let name = place.after("/") ?? place
        mkdirat(directory.descriptor, name, 0o755)
        let target = linux_openat2(directory.descriptor, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_in_root)
        defer { if target >= 0 { close(target) } }
        let flags = UInt32(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
        let mounted = target < 0 ? -1 : linux_open(place, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
        defer { if mounted >= 0 { close(mounted) } }
        if mounted < 0 || move_mount(mounted, "", target, "", flags) != 0 {
            let failure = Failure.system("hand '\(place)' over to the root")
            umount2(place, Int32(MNT_DETACH))
            throw failure
        }
    }

    /// Deletes what is in the initramfs, and in nothing that is mounted there: only what lies in memory is ever deleted.
    private func free(_ old: Directory) {
        guard linux_is_in_memory(old.descriptor), !linux_is_in_memory(directory.descriptor) else { return }
        removeContents(of: old)
    }

    /// What cannot be deleted stays in memory.
    private func removeContents(of directory: Directory) {
        do throws(Failure) {
            try directory.forEachName { (name, _) in
                if unlinkat(directory.descriptor, name, 0) == 0 { return }
                let opened = linux_openat2(directory.descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_one_mount)
                if opened < 0 { return }
                removeContents(of: Directory(descriptor: opened, label: ""))
                unlinkat(directory.descriptor, name, AT_REMOVEDIR)
            }
        } catch {
            return
        }
    }
}
