import Basics
import Testing

struct FailureTests {
    @Test func `a failure prints its message, and its hint on a second line`() {
        #expect(Failure("could not x").description == "could not x")
        #expect(Failure("could not x", hint: "do y").description == "could not x\nhint: do y")
    }

    @Test func `a hint is only added where there is none`() {
        #expect(Failure("could not x").hinting("do y") == Failure("could not x", hint: "do y"))
        #expect(Failure("could not x", hint: "do z").hinting("do y") == Failure("could not x", hint: "do z"))
    }
}
