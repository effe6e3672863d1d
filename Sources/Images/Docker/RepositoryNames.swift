internal import Basics

/// The names of a store's images, its `repositories.json`:
/// `{"Repositories":{"debian":{"debian:bookworm":"sha256:…","debian@sha256:…":"sha256:…"}}}` (moby, daemon/internal/refstore).
struct RepositoryNames {
    /// 3,000 images with three names each take 2 MB.
    private static let limit = 2 << 20
    private let repositories: JSON?
    private let file: String

    /// There are no names where there is no such file, as for the daemon. Fails on a file that is not as above.
    init(at path: Path, in store: Directory) throws(Failure) {
        file = store.show(path)
        guard let content = try store.contents(of: path, limit: Self.limit) else {
            repositories = nil
            return
        }
        if content.isEmpty { throw Failure("could not read '\(file)': it is empty", hint: namesHint) }
        do throws(Failure) {
            repositories = try JSON(parsing: content, name: file)["Repositories"]
        } catch {
            throw error.hinting(namesHint)
        }
        if repositories?.members == nil { throw Failure("could not read '\(file)': it has no object 'Repositories'", hint: namesHint) }
    }

    /// The image of that name; nil where there is none. Fails where the name stands for something that is not an image id.
    func image(_ name: ImageName) throws(Failure) -> ImageID? {
        guard let value = repositories?[name.repository]?[name.description] else { return nil }
        return try id(value, of: name.description)
    }

    /// Every name, in the file's order.
    var names: [String] {
        (repositories?.members ?? []).flatMap { repository in (repository.value.members ?? []).map { display($0.key.utf8) } }
    }

    /// Every name with what it stands for, in the file's order.
    func all() -> [(name: String, image: Result<ImageID, Failure>)] {
        var names: [(name: String, image: Result<ImageID, Failure>)] = []
        for repository in repositories?.members ?? [] {
            for (name, value) in repository.value.members ?? [] {
                do throws(Failure) {
                    names.append((display(name.utf8), .success(try id(value, of: name))))
                } catch {
                    names.append((display(name.utf8), .failure(error)))
                }
            }
        }
        return names
    }

    private func id(_ value: JSON, of name: String) throws(Failure) -> ImageID {
        guard let digest = value.string.flatMap({ Digest($0) }) else {
            throw Failure("could not read '\(file)': '\(display(name.utf8))' has no image id", hint: repairHint)
        }
        return ImageID(digest)
    }
}

private let namesHint = "the names are lost, the images may not be: name the image by its id in full, or move the file away and build again"
