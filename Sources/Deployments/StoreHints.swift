package import Basics
internal import Glibc
package import Images

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

extension ImageStores {
    /// Those of an engine of the running system, `root`, as a boot of it would look for them: also beside Docker's data-root.
    package init(ofEngineAt dataRoot: String, in root: Directory, _ choice: StoreChoice) throws(Failure) {
        guard let resolved = realpath(dataRoot, nil) else { throw Failure.system("open the directory '\(dataRoot)'") }
        defer { free(resolved) }
        do throws(Failure) {
            if let path = Path(String(cString: resolved)), let stores = try ImageStores(in: root, at: path, choice) {
                self = stores
                return
            }
        } catch {
            throw error.ofStoreOptions
        }
        throw Failure("could not open the directory '\(dataRoot)': it is not there")
    }
}
