/// `1 path`, `2 paths`: a number of what English has with an "s" for several.
package func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

/// `there is root 1`, `there are roots 1, 2`: a number alone would be read as how many there are. Names need no noun.
func there(_ names: [String], _ noun: String? = nil) -> String {
    let isOne = names.count == 1
    let what = noun.map { isOne ? "\($0) " : "\($0)s " } ?? ""
    return "there \(isOne ? "is" : "are") \(what)\(names.joined(separator: ", "))"
}
