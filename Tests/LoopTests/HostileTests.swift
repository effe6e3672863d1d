import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Images and layers that were made to do harm: nothing outside the new root is written, and what is in it is written down.
    struct HostileTests {
        /// The cases of each share a boot: not all that is told of replaced files is told of more than 20.
        enum Group: CaseIterable {
            case links, replacements, names, whiteouts

            var cases: [HostileCase] {
                switch self {
                case .links: HostileCase.links
                case .replacements: HostileCase.replacements
                case .names: HostileCase.names
                case .whiteouts: HostileCase.whiteouts
                }
            }
        }

        @Test(arguments: Group.allCases) func `each case ends as it is written down, and nothing outside changes`(group: Group) async throws
        {
            let cases = group.cases
            try await HostileDisk.with(cases, in: .one) { hostile in
                let disk = hostile.disk
                let before = try await hostile.outside()
                let outcome = try await disk.boot()
                #expect(outcome.status == 0, "\(outcome.told)")
                #expect(try await hostile.outside() == before)

                let found = try await hostile.ends(of: cases)
                for hostileCase in cases {
                    #expect(found[hostileCase.place] == hostileCase.end, "\(hostileCase.name)")
                    #expect(hostile.notes(in: outcome, of: hostileCase) == hostileCase.notes, "\(hostileCase.name)")
                }
            }
        }

        @Test func `each case that must fail is named, and the old root stays`() async throws {
            try await HostileDisk.with(HostileCase.errors, in: .many) { hostile in
                let disk = hostile.disk
                try await disk.bootWell()
                try await disk.change("touch docker_rwlayer/dirt")
                let before = try await hostile.outside()
                let root = try await disk.look(inventoryScript(of: "docker_rwlayer"))
                for hostileCase in HostileCase.errors {
                    let layer = HostileDisk.Layers.many.path(hostileCase)
                    let outcome = try await disk.boot(disk.line("toplayer_path=\(layer)"))
                    #expect(outcome.status == 1)
                    #expect(
                        outcome.told.split(separator: "\n").last.map { String($0) } == """
                            could not copy the top layer '/\(layer)' of \(disk.device) over '/.docker-btrfs/roots/docker_rwlayer/new': \
                            '\(hostileCase.place)\(hostileCase.end[0])': \(hostileCase.end[1])
                            """)
                    #expect(try await disk.look(inventoryScript(of: "docker_rwlayer")) == root, "\(hostileCase.name)")
                }
                #expect(try await hostile.outside() == before)
            }
        }

        @Test func `the corpus is large, and its places are its own`() {
            let cases = Group.allCases.flatMap { $0.cases } + HostileCase.errors
            #expect(cases.count >= 100)
            #expect(Set(cases.map { $0.place }).count == cases.count)
        }
    }
}
