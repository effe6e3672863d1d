import ArgumentParser
import Basics
import Images

struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "List the images that can be booted, and where each one's root filesystem is.",
        discussion: "Reads Docker's store on the disk; no daemon is asked. What cannot be booted is listed with the reason."
    )

    @Option(name: .customLong("data-root"), help: ArgumentHelp("Docker's data-root.", valueName: "dir"))
    var dataRoot = "/var/lib/docker"

    func run() throws {
        let images = try DockerStore(at: Directory(opening: dataRoot)).listing()
        let rows = images.map { image in
            [
                image.names.isEmpty ? "<none>" : image.names.joined(separator: ", "),
                image.id.map { String($0.digest.hex.prefix(12)) } ?? "<none>",
                image.place,
            ]
        }
        print(table([["NAMES", "IMAGE ID", "LAYER"]] + rows))
    }
}

extension ListedImage {
    fileprivate var place: String {
        switch image {
        case .success(let image): image.layer.description
        case .failure(let failure): failure.message
        }
    }
}

/// Rows with their columns aligned, the last one ragged.
func table(_ rows: [[String]]) -> String {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        row.enumerated().map { column, cell in
            column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
        }.joined()
    }.joined(separator: "\n")
}
