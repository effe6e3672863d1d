/// The number of a user or group. Of the highest one, (uid_t)-1, system calls take it that a process stays who it is: root.
package func userID(_ text: String) -> UInt32? { UInt32(text).flatMap { $0 == .max ? nil : $0 } }
