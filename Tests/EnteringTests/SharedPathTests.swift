import Testing

@testable import Entering

struct SharedPathTests {
    @Test(arguments: [
        ("/srv", #"--bind=/srv:/srv:norbind"#), ("/srv:/a", #"--bind=/srv:/a:norbind"#), ("/srv:/a:b", #"--bind=/srv:/a\:b:norbind"#),
        (#"/a\b:/c"#, #"--bind=/a\\b:/c:norbind"#),
    ])
    func `systemd-nspawn shows nothing that is mounted below it, and takes no option from a name`(text: String, option: String) throws {
        #expect(try SharedPath(text).optionOfNspawn == option)
    }
}
