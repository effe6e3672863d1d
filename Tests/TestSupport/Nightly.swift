import Foundation

/// Whether this is `make nightly`, for what is too long for each time.
public let isNightly = ProcessInfo.processInfo.environment["NIGHTLY"] != nil
