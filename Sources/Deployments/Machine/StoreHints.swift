package import Basics

extension Failure {
    /// The failure of a store that a command was told of: docker-btrfs-init has the same hints, by the keys of the kernel command line.
    package var ofStoreOptions: Failure {
        guard let hint else { return self }
        let keys = [("docker_path=", "--data-root"), ("docker_path", "--data-root"), ("docker_namespace=", "--namespace")]
        return Failure(message, hint: Self.naming(keys, in: hint))
    }

    /// The same of the names that setup was told of.
    var ofNameOptions: Failure {
        let keys = [("rootflags=subvol=", "--name"), ("toplayer_path=", "--top-layer"), ("docker_path=", "--data-root")]
        return Failure(Self.naming(keys, in: message), hint: hint.map { Self.naming(keys, in: $0) })
    }

    private static func naming(_ keys: [(String, String)], in text: String) -> String {
        keys.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    /// The same where setup found the store, or was told of it.
    package var ofSetup: Failure {
        let told = ofStoreOptions
        guard told != self, let hint = told.hint else { return self }
        return Failure(message, hint: "\(hint); 'docker-btrfs setup' looks for it again, or takes that")
    }
}
