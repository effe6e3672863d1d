package import Basics

/// What the kernel command line says of devices, with docker-btrfs and without.
extension KernelCommandLine {
    /// The device that a key names. Fails where it is missing or names none.
    package func device(_ key: String) throws(Failure) -> DeviceName {
        guard let text = value(key) else {
            throw Failure("could not find '\(key)=' on the kernel command line", hint: "add \(key)=LABEL=name or another device")
        }
        guard let device = DeviceName(text) else {
            throw Failure(
                "could not use '\(key)=\(text)': it is not a device that docker-btrfs knows",
                hint: "use LABEL=, UUID=, PARTLABEL=, PARTUUID= or a path below /dev"
            )
        }
        return device
    }

    /// How long to wait for devices: `rootwait`, `rootdelay=`.
    package func patience() throws(Failure) -> Request.Patience {
        if let wait = last("rootwait") {
            guard let seconds = wait.value else { return .forever }
            return .seconds(try number(seconds, key: "rootwait"))
        }
        return .seconds(try value("rootdelay").map { text throws(Failure) in try number(text, key: "rootdelay") } ?? 10)
    }
}

extension Request.Patience {
    /// nil: without end.
    package var seconds: Int? {
        switch self {
        case .seconds(let seconds): seconds
        case .forever: nil
        }
    }
}

/// The words of a list with commas.
package func options(_ text: String) -> [String] {
    text.split(separator: ",").map { String($0) }
}

private func number(_ text: String, key: String) throws(Failure) -> Int {
    // Int32: a time in nanoseconds must fit 64 bits.
    guard let number = Int32(text), number >= 0 else {
        throw Failure("could not use '\(key)=\(text)': it is not a number of seconds")
    }
    return Int(number)
}
