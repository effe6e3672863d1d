import Foundation

/// Whether this is `make nightly`, for what is too long for each time.
public let isNightly = ProcessInfo.processInfo.environment["NIGHTLY"] != nil

/// What is tried each time, and by `make nightly` what is like it.
public func each<Case>(_ cases: [Case], byNight more: [Case]) -> [Case] { isNightly ? cases + more : cases }
