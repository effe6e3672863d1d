public import Basics
internal import Boot
internal import Linux
internal import Planning

/// What the booted system can read of its own boot.
public struct Report {
    /// Where the booted system finds it. /run is handed on from the initramfs.
    public static let path = "/run/docker-btrfs/boot.json"

    private let fields: [(String, JSONOutput)]
    private var stopwatch: Stopwatch

    init(_ request: Request, root: (mark: Mark, subvolume: Subvolume)?, _ stopwatch: Stopwatch, notes: [String]) {
        self.stopwatch = stopwatch
        let origin = root?.mark.origin
        fields = [
            ("version", .string(version)),
            ("image", .text(origin?.reference.text)),
            ("image_id", .text(origin?.imageID.description)),
            ("chain_id", .text(origin?.chainID.description)),
            ("layer", .text(origin?.layer.description)),
            ("root", Self.place(request.root.device, request.name)),
            ("root_uuid", .text(root?.subvolume.uuid)),
            ("root_number", root.map { .integer($0.mark.number) } ?? .null),
            ("top_layer", request.topLayer.map { Self.place($0.device, $0.path) } ?? .null),
            ("top_layers", .array(origin?.topLayers.map { .string($0.description) } ?? [])),
            ("notes", .array(notes.map { .string($0) })),
        ]
    }

    var totalMicroseconds: Int { stopwatch.laps.reduce(0) { $0 + $1.microseconds } }

    /// Ends the time that is reported. The filesystems are closed by now, which the kernel takes its time for.
    public mutating func end() {
        stopwatch.lap("unmount")
    }

    public func write(to path: String) throws(Failure) {
        let times: [(String, JSONOutput)] = [
            ("microseconds", .integer(totalMicroseconds)), ("steps", .array(stopwatch.laps.map(Self.step))),
        ]
        try writeReport(JSONOutput.object(fields + times).text, to: path)
    }

    private static func place(_ device: DeviceName, _ path: Path) -> JSONOutput {
        .object([("device", .string(device.description)), ("path", .string(path.description))])
    }

    private static func step(_ lap: Stopwatch.Lap) -> JSONOutput {
        .object([("step", .string(lap.name)), ("microseconds", .integer(lap.microseconds))])
    }
}

extension JSONOutput {
    fileprivate static func text(_ text: String?) -> JSONOutput { text.map { .string($0) } ?? .null }
}
