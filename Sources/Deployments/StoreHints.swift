package import Basics

extension Failure {
    /// The failure of a store that a command was told of: docker-btrfs-init has the same hints, by the keys of the kernel command line.
    package var ofStoreOptions: Failure {
        guard let hint else { return self }
        let keys = [("docker_path=", "--data-root"), ("docker_path", "--data-root"), ("docker_namespace=", "--namespace")]
        return Failure(message, hint: keys.reduce(hint) { $0.replacing($1.0, with: $1.1) })
    }
}
