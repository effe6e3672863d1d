import Testing

@testable import Deployments

struct FoundMachineTests {
    @Test func `what was found is in eighty columns with the option that changes it, or has that below`() {
        let loader = FoundMachine.row("boot loader", "rEFInd, '/boot/efi/EFI/refind'", "--loader NAME, --boot DIR")
        #expect(loader == ["boot loader  rEFInd, '/boot/efi/EFI/refind'            --loader NAME, --boot DIR"])
        #expect(loader[0].count == 80)
        let volume = "/dev/sda2, UUID=ce73d228-d0ed-44ed-8961-0227d0b69186"
        let below = String(repeating: " ", count: 55) + "--top-level DIR"
        #expect(FoundMachine.row("btrfs", volume, "--top-level DIR") == ["btrfs        \(volume)", below])
    }
}
