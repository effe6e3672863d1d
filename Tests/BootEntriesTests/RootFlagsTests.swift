import Basics
import Testing

@testable import BootEntries

@Suite struct RootFlagsTests {
    @Test(
        arguments: [
            "", "noatime", "compress=zstd:3,commit=120", "compress-force=zlib:9", "compress=no", "compress=zstd:-2", "discard",
            "discard=async",
            "max_inline=2K", "thread_pool=4", "degraded", "ssd,autodefrag", "nodatacow,lazytime",
        ])
    func `what btrfs and mounts know is taken as it is`(text: String) throws {
        #expect(try RootFlags(text).description == text)
    }

    /// A boot would end at most of them; the others an entry says itself, or they are of one boot.
    @Test(
        arguments: [
            "subvol=@", "subvolid=256", "ro", "compres=zstd", "compress=zst", "compress=zstd:", "compress=lzo:3", "compress=", "commit=",
            "commit=5s", "max_inline=K", "discard=no", "noatime=1", "clear_cache", "usebackuproot", "rescue=all", "nofail", "x-a", "a b",
            "\"",
        ])
    func `what would end a boot is refused`(text: String) throws {
        let failure = #expect(throws: Failure.self) { try RootFlags("noatime,\(text)") }
        #expect(failure?.message.hasPrefix("could not use '\(text)' in rootflags=: ") == true, "\(failure?.message ?? "")")
    }

    @Test(
        arguments: [
            ("rw,noatime,compress=zstd:1,subvol=@,x-systemd.growfs", "rw,noatime,compress=zstd:1,subvol=@", "noatime,compress=zstd:1"),
            // Another filesystem's root.
            ("noatime,errors=remount-ro,discard", "relatime,compress=lzo,nofail,subvolid=5", "noatime,compress=lzo"),
            ("defaults", "", ""),
            ("defaults,clear_cache,compress=zst", "defaults,clear_cache,compress=zst", ""),
        ])
    func `those of the root and its filesystem are taken from fstab`(root: String, filesystem: String, flags: String) throws {
        #expect(RootFlags(ofRoot: root, filesystem: filesystem).description == flags)
    }

    @Test func `among the options of the kernel they are refused, with where they are said`() throws {
        let failure = #expect(throws: Failure.self) { try KernelOptions(toAdd: "quiet rootflags=compress=zstd") }
        #expect(failure?.hint?.hasSuffix("setup --rootflags noatime,compress=zstd") == true)
    }
}
