import Foundation
import Linux
import TestSupport
import Testing

extension OnDisk {
    struct BootReportTests {
        private struct Report: Decodable {
            struct Place: Decodable, Equatable {
                let device: String
                let path: String
            }
            struct Step: Decodable {
                let step: String
                let microseconds: Int
            }
            let image: String
            let imageId: String
            let chainId: String
            let layer: String
            let root: Place
            let topLayer: Place?
            let microseconds: Int
            let steps: [Step]
            let notes: [String]

            init(at file: String) throws {
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                self = try decoder.decode(Self.self, from: Data(contentsOf: URL(filePath: file)))
            }
        }

        @Test func `the report names the image by the id that Docker shows, and every step that was done`() async throws {
            try await Disk.withStore { disk, store in
                let image = try #require(store.images["sample_image:latest"])
                let plan = try await disk.plan()
                let file = "\(disk.folder)/boot.json"
                try await disk.bootWell(nil, ["--report", file])
                #expect(try await output(of: ["stat", "--format", "%a", file]) == "600\n", "its notes name files of closed directories")
                let report = try Report(at: file)
                #expect(report.image == "sample_image:latest")
                #expect(report.imageId == image.id)
                #expect(report.chainId == image.chainID)
                #expect(report.layer == "/docker/btrfs/subvolumes/\(image.cacheID)")
                #expect(report.root == Report.Place(device: disk.device, path: "/docker_rwlayer"))
                #expect(report.topLayer == Report.Place(device: disk.device, path: "/boot_docker"))
                #expect(report.steps.dropFirst(2).dropLast().map { $0.step + "\n" }.joined() == plan)
                #expect(report.microseconds == report.steps.reduce(0) { $0 + $1.microseconds })
                #expect(
                    report.notes
                        == ["absolute", "relative"].map { "the top layer's directory '/etc/\($0).d' replaced a symlink of the image" })
            }
        }

        @Test func `whoever made its draft reads nothing of it`() throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let (file, draft) = (folder.appending(path: "boot.json"), folder.appending(path: "boot.json.new"))
            try Data().write(to: draft)
            let opened = try FileHandle(forReadingFrom: draft)
            try writeReport("secret", to: file.path)
            #expect(opened.readDataToEndOfFile().isEmpty)
            #expect(try String(contentsOf: file, encoding: .utf8) == "secret")
        }

        @Test(arguments: ["sample_image", "docker.io/library/sample_image:latest", "ID", "SHORT"])
        func `however the image is named, it is the same`(name: String) async throws {
            try await Disk.withStore { disk, store in
                let id = try #require(store.images["sample_image:latest"]).id
                let names = ["ID": id, "SHORT": String(id.dropFirst("sha256:".count).prefix(12))]
                let file = "\(disk.folder)/boot.json"
                try await disk.bootWell(disk.line("docker_image=\(names[name] ?? name)"), ["--report", file])
                #expect(try Report(at: file).imageId == id)
            }
        }
    }
}
