public import Basics
internal import Boot
internal import Images
internal import Linux

/// What the booted system can read of its own boot.
public struct Report {
    /// Where the booted system finds it. /run is handed on from the initramfs.
    public static let path = "/run/docker-btrfs/boot.json"

    public let totalMicroseconds: Int
    private let content: JSONOutput

    init(boot: PreparedBoot, laps: [Stopwatch.Lap], warnings: [String]) {
        totalMicroseconds = laps.reduce(0) { $0 + $1.microseconds }
        let image = boot.facts.image
        let request = boot.request
        content = .object([
            ("version", .string(version)),
            ("image", .string(request.image)),
            ("image_id", .string(image.id.description)),
            ("chain_id", .string(image.chainID.description)),
            ("layer", .string((request.dockerPath / image.layer).description)),
            ("root", Self.place(request.rootDevice, request.name)),
            ("top_layer", request.topLayer.map { Self.place($0.device, $0.path) } ?? .null),
            ("microseconds", .integer(totalMicroseconds)),
            ("steps", .array(laps.map(Self.step))),
            ("warnings", .array(warnings.map { .string($0) })),
        ])
    }

    public func write(to path: String) throws(Failure) {
        try writeReport(content.text, to: path)
    }

    private static func place(_ device: DeviceName, _ path: Path) -> JSONOutput {
        .object([("device", .string(device.description)), ("path", .string(path.description))])
    }

    private static func step(_ lap: Stopwatch.Lap) -> JSONOutput {
        .object([("step", .string(lap.name)), ("microseconds", .integer(lap.microseconds))])
    }
}
