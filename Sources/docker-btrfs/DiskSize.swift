import ArgumentParser

/// `20G`: a number of 2^30 bytes, or with M of 2^20.
struct DiskSize {
    let bytes: Int

    init(_ text: String) throws {
        let units: [Character: Int] = ["M": 20, "G": 30, "T": 40]
        guard let last = text.last, let shift = units[last], let number = Int(text.dropLast()), number > 0, number < 1 << 20 else {
            throw ValidationError("a size is a number with M, G or T behind it, as 20G")
        }
        bytes = number << shift
    }
}
