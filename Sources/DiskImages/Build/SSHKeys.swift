internal import Basics

/// What a file has of public keys, for root's authorized_keys, as sshd(8) has it. Fails where there is none, and where there is a private one.
func publicKeys(in file: String) throws(Failure) -> [UInt8] {
    guard let content = try fileContents(file) else { throw Failure("could not open '\(file)': it is not there") }
    let text = String(decoding: content, as: UTF8.self)
    if text.contains("PRIVATE KEY") {
        throw Failure("could not use '\(file)': it is a private key", hint: "name the file with the public one, as *.pub of ssh-keygen")
    }
    // After its kind: the base64 of each begins with the length of the kind's name, as four bytes.
    if !text.contains(" AAAA") && !text.contains("\tAAAA") { throw Failure("could not use '\(file)': it has no public key") }
    return content
}
