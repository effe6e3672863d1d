import Testing

@testable import Deployments

/// What an engine that could not pull complains of.
struct FollowingTests {
    @Test(
        arguments: [
            (#"Get "https://registry.lan/v2/": dial tcp: lookup registry.lan: no such host"#, true, false),
            ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", false, true),
            (
                "failed to connect to the docker API at unix:///var/run/docker.sock: dial unix /var/run/docker.sock: i/o timeout", false,
                true
            ),
            ("Error response from daemon: pull access denied for desk", false, false),
        ])
    func `the network, the engine itself, or anything else`(complaint: String, isOfNetwork: Bool, isOfEngine: Bool) {
        #expect(Following.isOfNetwork(complaint) == isOfNetwork)
        #expect(Following.isOfEngine(complaint) == isOfEngine)
    }
}
