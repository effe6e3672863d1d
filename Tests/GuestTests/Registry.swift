import Foundation
import TestSupport

/// A registry on a machine's own disk, with three images under one name. The last one has no kernel.
struct Registry {
    /// Where it answers.
    let host: String

    static let versions = ["3", "4", "5"]
    private static let folder = "/home/registry"

    /// Fills it with images made of `desktop:docker`. Data of /home has to be set up.
    init(on machine: Machine) async throws {
        let script = """
            registry=$TOP/docker_data\(Self.folder); mkdir -p "$registry"
            cp '\(Lab.folder)/tools/usr/bin/docker-registry' "$registry"
            port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
            settings() { printf '%s\\n' 'version: 0.1' "storage: {filesystem: {rootdirectory: '$1/data'}}" "http: {addr: '127.0.0.1:$port'}"; }
            settings "$registry" > "$registry/here.yml"; settings \(Self.folder) > "$registry/registry.yml"
            setpriv --pdeathsig TERM "$registry/docker-registry" serve "$registry/here.yml" > "$registry/log" 2>&1 < /dev/null &
            pid=$!; trap 'kill "$pid"' EXIT
            until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.2; done
            for version in \(Self.versions.joined(separator: " ")); do
                docker build --network none --quiet --tag "127.0.0.1:$port/desktop" - << END
            FROM desktop:docker
            RUN echo $version > /etc/image-version; if [ $version = 5 ]; then rm /boot/vmlinuz*; fi
            END
                docker push --quiet "127.0.0.1:$port/desktop"
                cp "$registry/data/docker/registry/v2/repositories/desktop/_manifests/tags/latest/current/link" "$registry/$version"
                docker rmi --force "127.0.0.1:$port/desktop"
            done > /dev/null
            cat > "$registry/start" << END
            \(Self.folder)/docker-registry serve \(Self.folder)/registry.yml > /dev/null 2>&1 &
            echo \\$! > /run/registry.pid
            until (exec 3<> /dev/tcp/127.0.0.1/$port) 2> /dev/null; do sleep 1; done
            END
            echo "127.0.0.1:$port"
            """
        host = try await machine.change(docker: true, script).trimmingCharacters(in: .newlines)
    }

    /// Starts it in the machine, and waits until it answers.
    static let start = "bash \(folder)/start"

    static let stop = "kill \"$(cat /run/registry.pid)\""

    /// Has the name stand for another one.
    static func publish(_ version: String) -> String {
        "cp \(folder)/\(version) \(folder)/data/docker/registry/v2/repositories/desktop/_manifests/tags/latest/current/link"
    }
}
