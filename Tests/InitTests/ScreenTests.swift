import Basics
import InitProcess
import Testing

struct ScreenTests {
    @Test func `what happened, why, what to do and what comes now`() {
        let failure = Failure("could not boot: no \u{7}", hint: "do it")
        #expect(
            Screen(failure, commandLine: "root=x", end: .restart(5)).text == """

                ================================================================================
                This machine could not be booted.

                  What happened:  could not boot: no \\x07
                  What to do:     do it
                  Kernel options: root=x

                The machine restarts in 5 s (panic=).
                ================================================================================

                """)
    }

    @Test func `there is always something to do`() {
        let text = Screen(Failure("x"), commandLine: nil, end: .nothing).text
        #expect(text.contains("What to do:     see the kernel's messages above;"))
        #expect(text.contains("Kernel options: unknown, for /proc could not be read"))
        #expect(text.contains("Ctrl-Alt-Del"))
    }

    @Test(
        arguments: [
            (0, false, .nothing), (0, true, .shell), (5, true, .restart(5)), (1, false, .restart(1)), (-1, true, .restart(0)),
        ] as [(Int, Bool, Screen.End)])
    func `panic= is the kernel's, and comes before a shell`(panic: Int, hasShell: Bool, end: Screen.End) {
        #expect(Screen.End(panic: panic, hasShell: hasShell) == end)
    }
}
