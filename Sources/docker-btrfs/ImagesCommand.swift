import ArgumentParser
import Basics
import Boot
import Images
import Linux

struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "List the images that can be booted, and where each one's root filesystem is.",
        discussion: "Reads Docker's store on the disk; no daemon is asked. What cannot be booted is listed with the reason."
    )

    @Option(name: .customLong("data-root"), help: ArgumentHelp("Docker's data-root.", valueName: "dir"))
    var dataRoot = "/var/lib/docker"

    func run() throws {
        let root = try Directory(opening: dataRoot)
        let images = try DockerStore(at: root).listing()
        let rows = images.map { image in
            [
                image.names.isEmpty ? "<none>" : image.names.joined(separator: ", "),
                image.id.map { String($0.digest.hex.prefix(12)) } ?? "<none>",
                image.place(below: root),
            ]
        }
        print(table([["NAMES", "IMAGE ID", "LAYER"]] + rows))
    }
}

extension ListedImage {
    /// Where its layer is, or why it cannot be booted.
    fileprivate func place(below dataRoot: Directory) -> String {
        switch image {
        case .success(let image):
            do throws(Failure) {
                try image.checkBootable(below: dataRoot, kernel: kernelRelease())
                return image.layer.description
            } catch {
                return error.message
            }
        case .failure(let failure): return failure.message
        }
    }
}

/// Rows with their columns aligned, the last one ragged. What is from outside is safe to print.
func table(_ cells: [[String]]) -> String {
    let rows = cells.map { $0.map { display($0.utf8) } }
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        row.enumerated().map { column, cell in
            column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
        }.joined()
    }.joined(separator: "\n")
}
