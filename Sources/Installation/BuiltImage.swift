internal import Basics

/// What must be in an image that was built, and what must not.
extension Installer {
    func check(_ image: Path, _ framework: Framework) async throws(Failure) {
    }

    func checkAbsence(in image: Path) async throws(Failure) {
    }
}
