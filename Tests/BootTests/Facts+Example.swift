import Basics
import Planning

@testable import Boot
@testable import Images

extension Image {
    /// An image that says nothing of its platform, so that the tests are the same on every machine.
    static func example(os: String = "", architecture: String = "") -> Image {
        Image(
            reference: "sample_image:latest",
            id: ImageID(.of(Array("a configuration".utf8))),
            chainID: ChainID(.of(Array("a chain".utf8))),
            layer: "btrfs/subvolumes/x8rjn0z9wiajmr8o1ne34941p",
            os: os,
            architecture: architecture
        )
    }
}

extension Facts.Contents {
    /// A whole system.
    static let bootable = Facts.Contents(missingDirectories: [], hasContainerMark: false, hasOSRelease: true, initProgram: "sbin/init")
}

extension Facts {
    /// A disk on which nothing was booted yet, and a change to that.
    static func example(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        var facts = Facts(
            image: .example(), contents: .bootable, standing: .nothing, missingParents: [], hasWorkshop: false, hasLeftover: false
        )
        change(&facts)
        return facts
    }

    /// The disk after a boot.
    static func later(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        example { facts in
            facts.standing = .root(Origin(reference: "older:1", imageID: "sha256:1", chainID: "sha256:2"))
            facts.hasWorkshop = true
            change(&facts)
        }
    }
}
