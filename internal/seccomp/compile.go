package seccomp

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Compile turns a profile into a program for kernels of a machine, which is named as Go does (amd64, arm64), and the flags to install it
// with (SECCOMP_SET_MODE_FILTER's). Names of system calls that the machine does not have are passed over, as libseccomp does.
//
// System calls newer than any that the profile names get ENOSYS instead of a forbidding default, as with runc: programs then fall back to
// older ones, where EPERM would be taken at its word. If a rule has the action SCMP_ACT_NOTIFY the flags ask for a listener, which
// whoever installs the filter gets as a descriptor and hands to the profile's ListenerPath.
//
// Errors are of the class ErrInvalidArgument, or ErrNotImplemented for another machine.
func Compile(p *specs.LinuxSeccomp, machine string) (program []unix.SockFilter, flags uint, err error) {
	all, err := abis(machine)
	if err != nil {
		return nil, 0, err
	}
	on, err := enabled(all, p.Architectures)
	if err != nil {
		return nil, 0, err
	}
	otherwise, err := verdictOf(p.DefaultAction, p.DefaultErrnoRet)
	if err != nil {
		return nil, 0, fmt.Errorf("seccomp default: %w", err)
	}
	clauses, err := clauses(p, otherwise)
	if err != nil {
		return nil, 0, err
	}
	notifies, err := checkNotify(p)
	if err != nil {
		return nil, 0, err
	}
	if flags, err = flagsOf(p, notifies); err != nil {
		return nil, 0, err
	}
	program, err = assemble(root(on, clauses, otherwise))
	return program, flags, err
}

// root asks for the architecture first and then for the number of the call.
func root(on []abi, clauses []clause, otherwise verdict) decision {
	numbers := map[uint32][]span{}
	for _, a := range on { // an ABI whose numbers begin higher comes later
		numbers[a.audit] = append(numbers[a.audit], numberLine(&a, read(clauses, &a), otherwise)...)
	}
	if x, ok := numbers[unix.AUDIT_ARCH_X86_64]; ok && !slices.ContainsFunc(on, func(a abi) bool { return a.base == x32Bit }) {
		// -1 is no call of x32 but of a tracer that skips one.
		numbers[unix.AUDIT_ARCH_X86_64] = append(x, span{x32Bit, kill}, span{math.MaxUint32, x[len(x)-1].to})
	}
	line := []span{{0, kill}}
	for _, audit := range slices.Sorted(maps.Keys(numbers)) {
		line = decideFrom(line, audit, newSearch(wordNumber, numbers[audit]))
		line = decideFrom(line, audit+1, kill)
	}
	return newSearch(wordArch, line)
}

// numberLine is the line of an ABI's system call numbers.
func numberLine(a *abi, book rulebook, otherwise verdict) []span {
	future := otherwise
	if !book.empty && !permissive(otherwise) {
		future = noSuchCall
	}
	line := []span{{a.base, otherwise}}
	aged := false
	for _, n := range slices.Sorted(maps.Keys(book.rules)) {
		rest := otherwise
		if n > book.newest {
			rest = future
			if !aged {
				line = decideFrom(line, book.newest+1, future)
				aged = true
			}
		}
		line = decideFrom(line, n, decide(book.rules[n], a.narrow, otherwise))
		line = decideFrom(line, n+1, rest)
	}
	if !aged {
		line = decideFrom(line, book.newest+1, future)
	}
	return line
}

// checkNotify says whether the profile hands calls to a listener, and refuses what could never work.
func checkNotify(p *specs.LinuxSeccomp) (bool, error) {
	if p.DefaultAction == specs.ActNotify {
		return false, fmt.Errorf("SCMP_ACT_NOTIFY cannot be a seccomp profile's default: the listener could not be handed over: %w", errdefs.ErrInvalidArgument)
	}
	notifies := false
	for _, s := range p.Syscalls {
		if s.Action != specs.ActNotify {
			continue
		}
		if slices.Contains(s.Names, "write") {
			return false, fmt.Errorf("SCMP_ACT_NOTIFY cannot be used for write: the listener could not be handed over: %w", errdefs.ErrInvalidArgument)
		}
		notifies = true
	}
	if notifies && p.ListenerPath == "" {
		return false, fmt.Errorf("seccomp profile has SCMP_ACT_NOTIFY but no listenerPath: %w", errdefs.ErrInvalidArgument)
	}
	return notifies, nil
}
