package import Basics

extension JSONOutput {
    /// A value as it was read. Numbers that are no integers are none in our documents.
    package init(_ value: JSON) {
        if let text = value.string {
            self = .string(text)
        } else if let number = value.integer {
            self = .integer(number)
        } else if let elements = value.elements {
            self = .array(elements.map { JSONOutput($0) })
        } else if let members = value.members {
            self = .object(members.map { ($0.key, JSONOutput($0.value)) })
        } else {
            self = value.isTrue ? .boolean(true) : .null
        }
    }

    /// null for nil.
    package static func text(_ text: String?) -> JSONOutput { text.map { .string($0) } ?? .null }

    /// null for nil.
    package static func number(_ number: Int?) -> JSONOutput { number.map { .integer($0) } ?? .null }
}
