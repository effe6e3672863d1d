package import Basics
internal import CLinux

/// A database of bbolt (go.etcd.io/bbolt), opened to read it page by page: the memory this takes does not depend on its size.
///
/// Two pages at its beginning say where the current tree is; the valid one with the later transaction counts, as after a power cut
/// for bbolt itself. Only these two have checksums. Everything else is checked for what bbolt's own `check` expects of it, so that
/// damage is a failure and never a loop.
package final class BoltDatabase: Sendable {
    private let descriptor: Int32
    private let name: String
    private let meta: BoltMeta

    /// nil where no file is there. Fails on one that is no database, or is cut short.
    package init?(at path: Path, in directory: Directory) throws(Failure) {
        guard let opened = try directory.open(path, O_RDONLY | O_NONBLOCK, what: "open") else { return nil }
        let name = directory.show(path)
        do throws(Failure) {
            meta = try Self.meta(of: opened, name: name)
        } catch {
            close(opened)
            throw error
        }
        descriptor = opened
        self.name = name
    }

    deinit {
        close(descriptor)
    }

    /// The bucket that all others are in.
    package var root: BoltBucket { BoltBucket(database: self, pages: .tree(meta.root)) }

    /// How many pages the current tree may have at most.
    var pageCount: UInt64 { meta.pageCount }

    /// A page of the current tree with those that it goes on in.
    func page(_ number: UInt64) throws(Failure) -> BoltPage {
        guard (2..<meta.pageCount).contains(number) else { throw damage("there is no page \(number)") }
        let first = read(number, count: 1)
        guard let header = BoltPage.Header(first, at: 0), header.number == number else {
            throw damage("page \(number) is another one")
        }
        let count = UInt64(header.overflow) + 1
        guard count * UInt64(meta.pageSize) <= Self.longest, count <= meta.pageCount - number else {
            throw damage("page \(number) is too long")
        }
        guard let page = BoltPage(count == 1 ? first : read(number, count: Int(count)), at: 0) else {
            throw damage("page \(number) is damaged")
        }
        return page
    }

    func damage(_ reason: String) -> Failure { Self.damage(name, reason) }

    /// bbolt divides nodes when it writes them: a longer one has a value of that size, and containerd writes none.
    private static let longest: UInt64 = 1 << 20

    private func read(_ number: UInt64, count: Int) -> [UInt8] {
        readBytes(descriptor, at: Int(number) * meta.pageSize, count: count * meta.pageSize)
    }

    private static func damage(_ name: String, _ reason: String) -> Failure {
        Failure(
            "could not read '\(name)': \(reason)",
            hint: "the store is damaged, as after a power failure, or was written to just now: restart containerd or docker, then try again"
        )
    }

    private static func meta(of descriptor: Int32, name: String) throws(Failure) -> BoltMeta {
        var found = stat()
        if fstat(descriptor, &found) != 0 { throw .system("look at '\(name)'") }
        let size = UInt64(max(0, found.st_size))
        let first = BoltMeta(readBytes(descriptor, at: 0, count: BoltMeta.size))
        // The second page lies where the first ends. Where that cannot be read, it may be anywhere that a page size allows.
        let sizes = first.map { [$0.pageSize] } ?? BoltMeta.pageSizes
        var metas = [first].compactMap { $0 }
        for pageSize in sizes {
            let second = BoltMeta(readBytes(descriptor, at: pageSize, count: BoltMeta.size))
            if let second, second.pageSize == pageSize { metas.append(second) }
        }
        guard let meta = metas.max(by: { $0.transaction < $1.transaction }) else {
            throw damage(name, size == 0 ? "it is empty" : "it is not a bbolt database, or its first pages are damaged")
        }
        let (needed, overflows) = meta.pageCount.multipliedReportingOverflow(by: UInt64(meta.pageSize))
        if overflows || needed > size { throw damage(name, "it ends before its last page") }
        return meta
    }
}

/// The bytes at a place of a file, as many as there are.
private func readBytes(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        while filled < count {
            let size = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
            if size <= 0 { return }
            filled += size
        }
    }
}
