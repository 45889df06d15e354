package seccomp

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// tooLong asks about more single values than a program can.
func tooLong() *specs.LinuxSeccomp { return manyValues(6000) }

func manyValues(n int) *specs.LinuxSeccomp {
	p := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow}
	for i := range n {
		p.Syscalls = append(p.Syscalls, specs.LinuxSyscall{
			Names: []string{"ioctl"}, Action: specs.ActErrno,
			Args: []specs.LinuxSeccompArg{{Index: 1, Value: uint64(10 * i), Op: specs.OpEqualTo}},
		})
	}
	return p
}

// A branch reaches 255 instructions: a longer program needs its long jumps.
func TestLongPrograms(t *testing.T) {
	p := manyValues(1000)
	for i := range 250 { // these cannot be joined into one search
		p.Syscalls = append(p.Syscalls, specs.LinuxSyscall{
			Names: []string{"fcntl"}, Action: specs.ActErrno,
			Args: []specs.LinuxSeccompArg{
				{Index: 0, Value: uint64(i), Op: specs.OpEqualTo}, {Index: 2, Value: 0xff, ValueTwo: uint64(i % 256), Op: specs.OpMaskedEqual},
			},
		})
	}
	m := compiled(t, p, "amd64")
	for v := range uint64(12000) {
		want := allow
		if v%10 == 0 && v < 10000 {
			want = eperm
		}
		assert.Equal(t, m.run(t, x86_64(ioctl64, 0, v)), want, "ioctl %d", v)
	}
	for v := range uint64(400) {
		want := allow
		if v < 250 {
			want = eperm
		}
		assert.Equal(t, m.run(t, x86_64(fcntl64, v, 0, v)), want, "fcntl %d", v)
		assert.Equal(t, m.run(t, x86_64(fcntl64, v, 0, v+1)), allow)
	}
}

// Numbers of x86-64, whatever this test runs on.
const ioctl64, fcntl64 = 16, 72

// The program of a small profile, to be read.
func TestGoldenProgram(t *testing.T) {
	p := &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno,
		Architectures: []specs.Arch{specs.ArchX86_64, specs.ArchX86},
		Syscalls: []specs.LinuxSyscall{
			{Names: []string{"read", "write", "close"}, Action: specs.ActAllow},
			{Names: []string{"personality"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Value: 8, Op: specs.OpEqualTo}}},
			{Names: []string{"clone"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{{Value: 0x7e020000, Op: specs.OpMaskedEqual}}},
		},
	}
	program, _, err := Compile(p, "amd64")
	assert.NilError(t, err)
	got := listing(program)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		assert.NilError(t, os.WriteFile("testdata/small.bpf", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/small.bpf")
	assert.NilError(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// listing writes a program as one line for each instruction.
func listing(program []unix.SockFilter) string {
	var b strings.Builder
	jump := map[uint16]string{unix.BPF_JEQ: "==", unix.BPF_JGE: ">="}
	for i, in := range program {
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			fmt.Fprintf(&b, "%3d  load [%d]\n", i, in.K)
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			fmt.Fprintf(&b, "%3d  and %#x\n", i, in.K)
		case unix.BPF_RET | unix.BPF_K:
			fmt.Fprintf(&b, "%3d  return %#x\n", i, in.K)
		case unix.BPF_JMP | unix.BPF_JA:
			fmt.Fprintf(&b, "%3d  go to %d\n", i, i+1+int(in.K))
		default:
			fmt.Fprintf(&b, "%3d  %s %#x ? %d : %d\n", i, jump[in.Code&0xf0], in.K, i+1+int(in.Jt), i+1+int(in.Jf))
		}
	}
	return b.String()
}
