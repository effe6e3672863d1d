import Basics
import Boot

/// The options of the menu entry in the article that all this began with.
let article =
    "root=LABEL=linux rootflags=subvol=docker_rwlayer rw docker_path=docker toplayer=LABEL=linux toplayer_path=boot_docker"
let sampleImage = #"{"docker_image":"sample_image","docker_tag":"latest"}"#

extension Request {
    /// What a kernel command line asks of a machine with a configuration.
    init?(_ line: String, configuration: String? = sampleImage) throws {
        let read = try configuration.map { try Configuration(parsing: Array($0.utf8), name: "/etc/docker-btrfs.json") }
        try self.init(KernelCommandLine(line.utf8), read ?? .none)
    }
}
