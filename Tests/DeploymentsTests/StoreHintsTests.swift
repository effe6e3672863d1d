import Basics
import Deployments
import Testing

struct StoreHintsTests {
    @Test(arguments: [
        ("docker_path= names containerd's root", "--data-root names containerd's root"),
        ("docker_path must name the original store", "--data-root must name the original store"),
        ("name one of these with docker_namespace=: default, moby", "name one of these with --namespace: default, moby"),
        ("the directory is empty", "the directory is empty"), (nil, nil),
    ])
    func `a command's hint has the command's options`(hint: String?, told: String?) {
        #expect(Failure("could not use '/docker'", hint: hint).ofStoreOptions == Failure("could not use '/docker'", hint: told))
        let ofSetup = hint == told ? told : told.map { "\($0); 'docker-btrfs setup' looks for it again, or takes that" }
        #expect(Failure("could not use '/docker'", hint: hint).ofSetup == Failure("could not use '/docker'", hint: ofSetup))
    }
}
