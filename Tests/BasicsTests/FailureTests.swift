import Basics
import Testing

struct FailureTests {
    @Test func `a failure prints its message, and its hint on a second line`() {
        #expect(Failure("could not x").description == "could not x")
        #expect(Failure("could not x", hint: "do y").description == "could not x\nhint: do y")
    }

    @Test func `control characters from outside do not reach the console`() {
        let failure = Failure("could not use 'root=\u{1b}[2J\u{7f}ä'", hint: "do\ny")
        #expect(failure.description == #"could not use 'root=\x1b[2J\x7fä'"# + "\nhint: " + #"do\x0ay"#)
    }

    @Test func `a hint is only added where there is none`() {
        #expect(Failure("could not x").hinting("do y") == Failure("could not x", hint: "do y"))
        #expect(Failure("could not x", hint: "do z").hinting("do y") == Failure("could not x", hint: "do z"))
    }
}
