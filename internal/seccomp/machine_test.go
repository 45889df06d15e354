package seccomp

import (
	"encoding/binary"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// call is a system call as the filter sees it.
type call struct {
	audit, nr uint32
	args      [6]uint64
}

// machine runs a compiled filter in golang.org/x/net/bpf's interpreter.
type machine struct{ vm *bpf.VM }

func load(t testing.TB, program []unix.SockFilter) machine {
	t.Helper()
	assert.Assert(t, len(program) > 0 && len(program) <= maxInstructions, "%d instructions", len(program))
	var raw []bpf.RawInstruction
	for _, in := range program {
		raw = append(raw, bpf.RawInstruction{Op: in.Code, Jt: in.Jt, Jf: in.Jf, K: in.K})
	}
	instructions, ok := bpf.Disassemble(raw)
	assert.Assert(t, ok)
	vm, err := bpf.NewVM(instructions)
	assert.NilError(t, err)
	return machine{vm}
}

// run returns the filter's verdict. The interpreter loads words in network order, so they are laid out so.
func (m machine) run(t testing.TB, c call) verdict {
	t.Helper()
	var data [64]byte
	put := func(at uint32, v uint32) { binary.BigEndian.PutUint32(data[at:], v) }
	put(wordNumber, c.nr)
	put(wordArch, c.audit)
	for i, arg := range c.args {
		put(wordArgLow(uint(i)), uint32(arg))
		put(wordArgHigh(uint(i)), uint32(arg>>32))
	}
	v, err := m.vm.Run(data[:])
	assert.NilError(t, err)
	return verdict(uint32(v))
}

func compiled(t testing.TB, p *specs.LinuxSeccomp, machine string) machine {
	t.Helper()
	program, _, err := Compile(p, machine)
	assert.NilError(t, err)
	return load(t, program)
}

const (
	allow = verdict(unix.SECCOMP_RET_ALLOW)
	eperm = verdict(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
)

func x86_64(nr uint32, args ...uint64) call { return native(unix.AUDIT_ARCH_X86_64, nr, args) }
func x32(nr uint32, args ...uint64) call {
	return native(unix.AUDIT_ARCH_X86_64, nr|x32Bit, args)
}
func i386(nr uint32, args ...uint64) call  { return native(unix.AUDIT_ARCH_I386, nr, args) }
func arm64(nr uint32, args ...uint64) call { return native(unix.AUDIT_ARCH_AARCH64, nr, args) }
func arm(nr uint32, args ...uint64) call   { return native(unix.AUDIT_ARCH_ARM, nr, args) }

func native(audit, nr uint32, args []uint64) call {
	c := call{audit: audit, nr: nr}
	copy(c.args[:], args)
	return c
}
