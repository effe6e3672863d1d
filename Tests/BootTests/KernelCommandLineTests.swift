import Boot
import Testing

/// The rules are the kernel's own: next_arg and parse_args in lib/cmdline.c and kernel/params.c.
struct KernelCommandLineTests {
    /// Each parameter as `key` or `key -> value`.
    private func parameters(_ bytes: [UInt8]) -> [String] {
        KernelCommandLine(bytes).parameters.map { parameter in
            parameter.value.map { "\(parameter.key) -> \($0)" } ?? parameter.key
        }
    }

    @Test(arguments: [
        ("root=LABEL=x rw docker_kernel=image", "docker_kernel=started root=LABEL=x rw"),
        (
            #"BOOT_IMAGE=/boot/vmlinuz  "rootflags=subvol=my root" initrd=\initrd.img docker-kernel=image quiet"#,
            #"docker_kernel=started "rootflags=subvol=my root" quiet"#
        ),
        (
            #""docker_kernel=image" a="b  c" -- initrd=x docker_kernel=image"#,
            #"docker_kernel=started a="b  c" -- initrd=x docker_kernel=image"#
        ),
        ("", "docker_kernel=started"),
    ])
    func `the line of the next kernel is this one, word for word`(line: String, next: String) {
        #expect(String(decoding: KernelCommandLine.next(after: Array("\(line)\n".utf8)), as: UTF8.self) == next)
    }

    @Test(arguments: [
        ("", []), (" \t\n", []),
        ("quiet", ["quiet"]), ("a=b", ["a -> b"]), ("a=", ["a -> "]), ("a= b", ["a -> ", "b"]),
        ("a b=c d\n", ["a", "b -> c", "d"]), ("  a\t\tb\r\nc\u{b}d\u{c}e  ", ["a", "b", "c", "d", "e"]),
        ("root=LABEL=linux", ["root -> LABEL=linux"]), ("a=b=c=", ["a -> b=c="]),
        ("=a", ["=a"]), ("==a", ["= -> a"]), ("=a=b", ["=a -> b"]), ("=", ["="]),
        ("a=1 a=2", ["a -> 1", "a -> 2"]),
        (#"BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.1 root=UUID=1-2 ro"#, ["BOOT_IMAGE -> (hd0,gpt2)/vmlinuz-6.1", "root -> UUID=1-2", "ro"]),
        (#"ro initrd=\boot_docker\initrd.img-6.1 quiet"#, ["ro", #"initrd -> \boot_docker\initrd.img-6.1"#, "quiet"]),
    ])
    func `words are parameters, and the first equals sign after a key begins its value`(text: String, expected: [String]) {
        #expect(parameters(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        (#"key="a b" c"#, ["key -> a b", "c"]), (#""key=a b" c"#, ["key -> a b", "c"]),
        (#"a="" b"#, ["a -> ", "b"]), (#""a=" b"#, ["a -> ", "b"]), (#""" b"#, ["", "b"]), (#""a b" c"#, ["a b", "c"]),
        (#"a="x=y z""#, ["a -> x=y z"]), ("a=\"b\tc\nd\"", ["a -> b\tc\nd"]),
        (#"a=b" c"d e"#, [#"a -> b" c"d"#, "e"]), (#"a" b"=c"#, [#"a" b" -> c"#]), (#"a="b"c d"#, [#"a -> b"c"#, "d"]),
        (#"a=b" "#, [#"a -> b" "#]), (#"a="b c"#, ["a -> b c"]), (#""a=b c"#, ["a -> b c"]), (#"a=""#, ["a -> "]), (#"""#, [""]),
        (#""a="b" c"#, [#"a -> b" c"#]), (#""a="b""#, ["a -> b"]), (#""a="b c""#, ["a -> b", #"c""#]),
        (#"a=\"b c\""#, [#"a -> \"b c\""#]),
    ])
    func `quotes hold words together, and go where they are around a value or a parameter`(text: String, expected: [String]) {
        #expect(parameters(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        ("a -- b", ["a"]), ("-- a", []), (#"a "--" b"#, ["a"]),
        ("a --=x b", ["a", "-- -> x", "b"]), ("a --- b", ["a", "---", "b"]), (#"a="-- b" c"#, ["a -> -- b", "c"]),
    ])
    func `what follows a lone double dash is for init`(text: String, expected: [String]) {
        #expect(parameters(Array(text.utf8)) == expected)
    }

    @Test func `the last parameter of a key wins, with its value or without one`() {
        let line = KernelCommandLine(#"root=1 rootwait=5 root="2 3" rootwait Root=4"#.utf8)
        #expect(line.last(.root)?.value == "2 3")
        #expect(line.last(.rootWait) == line.parameters[3])
        #expect(line.last(.rootWait)?.value == nil)
        #expect(line.last(.noResume) == nil)
    }

    @Test(arguments: [
        "docker_path=a docker-path=b", "docker-path=b", "docker_path=a docker_path=b", #""docker-path=b""#, "docker-path=a docker_path=b",
    ])
    func `hyphens and underscores in a key are the same`(text: String) {
        let line = KernelCommandLine(text.utf8)
        #expect(line.last(.dockerPath)?.value == "b")
        #expect(KernelCommandLine("docker_path=c x".utf8).overridden(by: line).last(.dockerPath)?.value == "b")
        #expect(line.overridden(by: KernelCommandLine("docker-path=d".utf8)) == KernelCommandLine("docker-path=d".utf8))
    }

    @Test func `in a value they are not`() {
        #expect(KernelCommandLine("docker_path=a-b_c".utf8).last(.dockerPath)?.value == "a-b_c")
    }

    @Test func `a later line replaces the keys that it has, and no others`() {
        let file = KernelCommandLine("rootflags=subvol=old,subvolid=300 rootflags=ssd quiet root=UUID=1\nrw".utf8)
        let line = file.overridden(by: KernelCommandLine("rootflags=subvol=new root".utf8))
        #expect(line == KernelCommandLine("quiet rw rootflags=subvol=new root".utf8))
    }

    @Test func `letters beyond ASCII are kept, and bytes that are no UTF-8 break nothing`() {
        // The kernel takes 0xa0, the second byte of à, for a space: only in a parameter of its own would that matter.
        #expect(parameters(Array("a=Größe à".utf8)) == ["a -> Größe", "à"])
        #expect(parameters(Array("a=x".utf8) + [0xff, 0x22] + Array(" b\" c".utf8)) == ["a -> x\u{fffd}\" b\"", "c"])
    }
}
