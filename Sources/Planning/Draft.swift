internal import Basics

/// What is not whole yet has another name: who finds something under its own finds all of it.
public enum Draft {
    public static let ending = ".new"

    public static func name(of name: [UInt8]) -> [UInt8] { name + Array(ending.utf8) }

    /// What a draft is called once it is whole; nil for a name that is none of a draft.
    public static func finished(_ name: [UInt8]) -> [UInt8]? {
        let (count, end) = (name.count - ending.utf8.count, Array(ending.utf8))
        return count > 0 && name[count...].elementsEqual(end) ? Array(name[..<count]) : nil
    }

    /// Whether it is that of a layer, which is called by its chain id: what a person put beside them is none of ours.
    public static func isOfLayer(_ name: [UInt8]) -> Bool { finished(name).flatMap { Digest(hex: $0) } != nil }
}
