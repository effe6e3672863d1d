import ArgumentParser

/// In MiB, as QEMU takes it.
func memorySize(_ text: String) throws -> Int {
    if let number = Int(text) { return number }
    throw ValidationError("memory is a number of MiB, without a unit, as 2048")
}
