internal import Basics

/// Without the images that have no name and others were built on: builders keep one for each line of a Dockerfile, and engines do not list
/// them. An image's history begins with that of the one below it. `configuration` is what the engine wrote of an image.
func withoutBuildSteps(_ lines: [ListedImage], _ configuration: (ImageID) -> [UInt8]?) -> [ListedImage] {
    if lines.allSatisfy({ !$0.names.isEmpty }) { return lines }
    let histories = lines.map { line in line.id.flatMap(configuration).map { history($0) } ?? [] }
    return zip(lines, histories).filter { line, own in
        if !line.names.isEmpty || own.isEmpty { return true }
        return !histories.contains { $0.count > own.count && $0.starts(with: own) }
    }.map { $0.0 }
}

/// When each step was done, and what it did.
private func history(_ configuration: [UInt8]) -> [String] {
    let json = try? JSON(parsing: configuration, name: "")
    return (json?["history"]?.elements ?? []).map { "\($0["created"]?.string ?? "") \($0["created_by"]?.string ?? "")" }
}
