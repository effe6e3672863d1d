extension Directory {
    /// Whether a folder in `lib/modules` is that of a kernel: it has depmod's index, or the kernel's own list of what is built in.
    /// Removing a kernel's package leaves a folder behind where others put files there: DKMS its modules, an administrator his.
    public func isModuleFolder(_ folder: Path) throws(Failure) -> Bool {
        for index: Path in ["modules.dep", "modules.dep.bin", "modules.builtin"] {
            if try target(of: folder / index)?.kind == .file { return true }
        }
        return false
    }
}
