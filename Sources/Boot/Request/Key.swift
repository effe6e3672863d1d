extension KernelCommandLine {
    /// Every key of the kernel command line that is looked at, each with its grammar.
    ///
    /// In a key, `-` and `_` are the same. DEVICE is what `DeviceName` takes, PATH goes from the top of its filesystem, OPTIONS are mount
    /// options between commas. What the keys are for is told by docs/kernel-command-line.md, which lists the same ones.
    public enum Key: String, CaseIterable, Sendable, CustomStringConvertible {
        /// `docker_path=[DEVICE:]PATH`: a store of images; with a device before it, PATH begins with a slash. Without this key or
        /// `docker_deployed=` nothing is done.
        case dockerPath = "docker_path"
        /// `docker_store=KIND`: what `StoreKind` takes.
        case dockerStore = "docker_store"
        /// `docker_namespace=NAME`: one of containerd's.
        case dockerNamespace = "docker_namespace"
        /// `docker_deployed=ID`: an image id in full, of an image that was deployed.
        case dockerDeployed = "docker_deployed"
        /// `docker_image=REFERENCE`: what `ImageReference` takes.
        case dockerImage = "docker_image"
        /// `docker_root=previous|NUMBER`: a kept root.
        case dockerRoot = "docker_root"
        /// `docker_kernel=loader|image`; `started` is what docker-btrfs says to a kernel that it starts.
        case dockerKernel = "docker_kernel"
        /// `docker_mode=fresh|persist`
        case dockerMode = "docker_mode"
        /// `docker_keep=NUMBER`: 0 and more.
        case dockerKeep = "docker_keep"
        /// `docker_tries=NUMBER`: 0 counts as 1.
        case dockerTries = "docker_tries"
        /// `docker_onfail=previous|stop|reboot|poweroff`
        case dockerOnFail = "docker_onfail"
        /// `root=DEVICE`
        case root
        /// `rootflags=OPTIONS`: several are joined.
        case rootFlags = "rootflags"
        /// `rootfstype=TYPE[,TYPE…]`
        case rootFilesystemType = "rootfstype"
        /// `rootdelay=SECONDS`
        case rootDelay = "rootdelay"
        /// `rootwait` is for ever, `rootwait=SECONDS` is not.
        case rootWait = "rootwait"
        /// `ro`, without a value.
        case readOnly = "ro"
        /// `rw`, without a value. The last of `ro` and `rw` counts.
        case readWrite = "rw"
        /// `init=PATH`: an absolute path.
        case initProgram = "init"
        /// `noresume`
        case noResume = "noresume"
        /// `toplayer=DEVICE`
        case topLayer = "toplayer"
        /// `toplayer_path=PATH`
        case topLayerPath = "toplayer_path"
        /// `toplayerfstype=TYPE`
        case topLayerFilesystemType = "toplayerfstype"
        /// `toplayerflags=OPTIONS`
        case topLayerFlags = "toplayerflags"
        /// `systemd.hostname=NAME`
        case hostname = "systemd.hostname"
        /// `systemd.machine_id=ID`
        case machineID = "systemd.machine_id"
        /// `BOOT_IMAGE=[(DEVICE)]PATH`: where GRUB found the kernel.
        case bootImage = "BOOT_IMAGE"
        /// `initrd=PATH`, also with backslashes: where the EFI stub found the initramfs.
        case initrd

        public var description: String { rawValue }

        func names(_ parameter: Parameter) -> Bool { parameter.plain == rawValue }
    }
}
