import Basics
import Boot
import Planning
import Testing

/// Keys that are misspelt, which nobody would follow and nobody would tell of.
struct StrayKeysTests {
    private func notes(_ line: String) -> [String] {
        KernelCommandLine(line.utf8).strayKeys
    }

    @Test(arguments: [
        ("docker_pat=docker", "docker_pat", "docker_path"), ("toplayerpath=boot", "toplayerpath", "toplayer_path"),
        ("docker_img=debian", "docker_img", "docker_image"), ("docker_on_fail=stop", "docker_on_fail", "docker_onfail"),
        ("toplayer_fstype=ext4", "toplayer_fstype", "toplayerfstype"), ("toplayer-flag=ro", "toplayer-flag", "toplayerflags"),
        ("dockerkeep", "dockerkeep", "docker_keep"), ("docker_retries=5", "docker_retries", "docker_tries"),
    ])
    func `the near key is told`(line: String, key: String, near: String) throws {
        let expected = "'\(key)=' on the kernel command line is no key of docker-btrfs, and is ignored: is '\(near)=' meant?"
        #expect(notes(line) == [expected])
        #expect(try Request("\(article) \(line)")?.notes == [expected])
    }

    @Test func `where none is near, none is named`() {
        #expect(
            notes("docker_something_else=1") == [
                "'docker_something_else=' on the kernel command line is no key of docker-btrfs, and is ignored"
            ])
        #expect(
            notes("docker_tag=v1") == [
                "'docker_tag=' on the kernel command line is no key of docker-btrfs, and is ignored: the tag belongs into docker_image=NAME:TAG"
            ])
    }

    @Test(arguments: [
        "", "docker_path=docker docker-path=docker docker-onfail=stop toplayer=x toplayer-path=y toplayerfstype=a toplayerflags=b",
        "rootflag=subvol=x dokcer_path=x dracut.docker=1 docker.debug=1 toplayers.x", "-- docker_pat=docker", "Docker_path=x",
    ])
    func `right keys, those of others and what is for init are nobody's concern`(line: String) {
        #expect(notes(line) == [])
    }

    @Test func `what is told is safe to print`() {
        #expect(notes("docker_\u{1b}[2J=1").first?.hasPrefix(#"'docker_\x1b[2J='"#) == true)
    }

    @Test func `every plan of the boot tells it`() throws {
        let plan = try plan(.example()).telling(["first"])
        #expect(plan.notes.first == "first")
    }
}
