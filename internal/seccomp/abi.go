package seccomp

import (
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// x32Bit marks the system calls of x32 among those of x86-64, with which it shares its audit architecture.
const x32Bit = 0x40000000

// abi is a way of making system calls: a table of numbers and a width of arguments.
type abi struct {
	name      specs.Arch
	audit     uint32 // what the kernel reports as architecture (AUDIT_ARCH_*)
	base      uint32 // added to every number
	narrow    bool   // arguments have 32 bits
	unordered uint32 // from here on numbers say nothing of a system call's age; 0 if nowhere
	numbers   map[string]int
	own       map[string]int // what the table lacks or has otherwise
}

// number resolves a system call's name.
func (a *abi) number(name string) (uint32, bool) {
	n, ok := a.own[name]
	if !ok {
		n, ok = a.numbers[name]
	}
	return a.base + uint32(n), ok
}

// abis lists what a kernel for this machine (named as GOARCH) can run, the native one first.
func abis(machine string) ([]abi, error) {
	switch machine {
	case "amd64":
		return []abi{
			{name: specs.ArchX86_64, audit: unix.AUDIT_ARCH_X86_64, numbers: arch.X86_64.SyscallNames, own: newest()},
			{name: specs.ArchX86, audit: unix.AUDIT_ARCH_I386, narrow: true, numbers: arch.I386.SyscallNames, own: newest()},
			{
				name: specs.ArchX32, audit: unix.AUDIT_ARCH_X86_64, base: x32Bit, unordered: x32Bit + 512,
				numbers: arch.X86_64.SyscallNames, own: x32Numbers(),
			},
		}, nil
	case "arm64":
		aarch64, arm := newest(), newest()
		aarch64["newfstatat"] = 79    // the table has it as fstatat
		arm["sync_file_range2"] = 341 // the table has it as arm_sync_file_range
		return []abi{
			{name: specs.ArchAARCH64, audit: unix.AUDIT_ARCH_AARCH64, numbers: arch.AARCH64.SyscallNames, own: aarch64},
			{name: specs.ArchARM, audit: unix.AUDIT_ARCH_ARM, narrow: true, unordered: 0xf0000, numbers: arch.ARM.SyscallNames, own: arm},
		}, nil
	}
	return nil, fmt.Errorf("no seccomp filters for %s: %w", machine, errdefs.ErrNotImplemented)
}

// newest are system calls newer than the table. Since 424 they have the same number everywhere.
func newest() map[string]int {
	return map[string]int{"file_getattr": 468, "file_setattr": 469, "listns": 470}
}

// x32Numbers are the calls that x32 has numbers of its own for. The table's inverse cannot be used: it has these names twice, and which number
// wins changes from one start of the program to the next.
func x32Numbers() map[string]int {
	own := newest()
	for number, name := range arch.X32.SyscallNumbers {
		if number >= 512 {
			own[name] = number
		}
	}
	return own
}

// enabled keeps the machine's own ABI and those that the profile lists. Architectures of other machines are passed over:
// no process can make their system calls here.
func enabled(all []abi, listed []specs.Arch) ([]abi, error) {
	on := all[:1:1]
	for _, a := range listed {
		if !known(a) {
			return nil, fmt.Errorf("unknown architecture %q in seccomp profile: %w", a, errdefs.ErrInvalidArgument)
		}
	}
	for _, candidate := range all[1:] {
		for _, a := range listed {
			if a == candidate.name {
				on = append(on, candidate)
				break
			}
		}
	}
	return on, nil
}

func known(a specs.Arch) bool {
	switch a {
	case specs.ArchX86, specs.ArchX86_64, specs.ArchX32, specs.ArchARM, specs.ArchAARCH64,
		specs.ArchMIPS, specs.ArchMIPS64, specs.ArchMIPS64N32, specs.ArchMIPSEL, specs.ArchMIPSEL64, specs.ArchMIPSEL64N32,
		specs.ArchPPC, specs.ArchPPC64, specs.ArchPPC64LE, specs.ArchS390, specs.ArchS390X, specs.ArchPARISC, specs.ArchPARISC64,
		specs.ArchRISCV64, specs.ArchLOONGARCH64, specs.ArchM68K, specs.ArchSH, specs.ArchSHEB:
		return true
	}
	return false
}
