import Basics
import Testing

@testable import Boot

/// Whether an image asks for SELinux.
struct SELinuxTests {
    @Test(arguments: [
        ("SELINUX=enforcing\nSELINUXTYPE=targeted\n", true), ("# SELINUX=disabled\nSELINUX=  Permissive", true),
        ("SELINUX=disabled\n", false), ("SELINUXTYPE=targeted\n", false), ("SELINUX=disabled\nSELINUX=enforcing\n", false), ("", false),
    ])
    func `by its configuration`(text: String, uses: Bool) throws {
        let tree = try Tree()
        try tree.write(text, to: "\(Tree.layer)/etc/selinux/config")
        #expect(try tree.contents().usesSELinux == uses)
    }

    @Test(arguments: [("enforcing", "disabled", false), ("disabled", "enforcing", true), ("permissive", nil, true)])
    func `the top layer's configuration lies over the image's`(image: String, topLayer: String?, uses: Bool) throws {
        let tree = try Tree()
        try tree.write("SELINUX=\(image)\n", to: "\(Tree.layer)/etc/selinux/config")
        if let topLayer { try tree.write("SELINUX=\(topLayer)\n", to: "boot_docker/etc/selinux/config") }
        #expect(try tree.contents().usesSELinux == uses)
    }

    @Test func `an image without one, or with anything else there, does not`() throws {
        let tree = try Tree()
        #expect(try !tree.contents().usesSELinux)
        try tree.make("\(Tree.layer)/etc/selinux/config")
        #expect(try !tree.contents().usesSELinux)
    }
}
