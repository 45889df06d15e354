package seccomp

import (
	"slices"
	"strings"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// What Docker's default profile does, spot by spot, on each ABI.
func TestDefaultProfileDecidesAsDockers(t *testing.T) {
	program := func(caps ...string) map[string]machine {
		p, err := Default(caps)
		assert.NilError(t, err)
		p.Architectures = []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32, specs.ArchAARCH64, specs.ArchARM}
		return map[string]machine{"amd64": compiled(t, p, "amd64"), "arm64": compiled(t, p, "arm64")}
	}
	none, admin := program("CAP_CHOWN"), program("CAP_SYS_ADMIN")
	enosys, dead := noSuchCall, kill
	for _, c := range []struct {
		what    string
		in      map[string]machine
		machine string
		call    call
		want    verdict
	}{
		{"read", none, "amd64", x86_64(0), allow},
		{"read, i386", none, "amd64", i386(3), allow},
		{"read, x32", none, "amd64", x32(0), allow},
		{"read, arm64", none, "arm64", arm64(63), allow},
		{"read, arm", none, "arm64", arm(3), allow},
		{"newfstatat, arm64", none, "arm64", arm64(79), allow},
		{"rt_sigaction has another number on x32", none, "amd64", x32(512), allow},
		{"and its own is none there", none, "amd64", x32(13), eperm},
		{"mount", none, "amd64", x86_64(165), eperm},
		{"mount for an administrator", admin, "amd64", x86_64(165), allow},
		{"mount, i386", none, "amd64", i386(21), eperm},
		{"keyctl", admin, "amd64", x86_64(250), eperm},
		{"clone of a thread", none, "amd64", x86_64(56, 0x3d0f00), allow},
		{"clone of a user namespace", none, "amd64", x86_64(56, unix.CLONE_NEWUSER), eperm},
		{"clone of a user namespace, i386", none, "amd64", i386(120, unix.CLONE_NEWUSER), eperm},
		{"clone of a user namespace, arm64", none, "arm64", arm64(220, unix.CLONE_NEWUSER), eperm},
		{"clone of a user namespace for an administrator", admin, "amd64", x86_64(56, unix.CLONE_NEWUSER), allow},
		{"clone3 looks missing", none, "amd64", x86_64(435), enosys},
		{"clone3 for an administrator", admin, "amd64", x86_64(435), allow},
		{"socket AF_INET", none, "amd64", x86_64(41, unix.AF_INET), allow},
		{"socket AF_ALG", none, "amd64", x86_64(41, unix.AF_ALG), eperm},
		{"socket AF_VSOCK", none, "amd64", x86_64(41, unix.AF_VSOCK), eperm},
		{"socket AF_VSOCK, i386", none, "amd64", i386(359, unix.AF_VSOCK), eperm},
		{"socket AF_VSOCK, arm", none, "arm64", arm(281, unix.AF_VSOCK), eperm},
		{"socket with a garbage upper word", none, "amd64", x86_64(41, 1<<32|unix.AF_INET), eperm},
		{"personality 8", none, "amd64", x86_64(135, 8), allow},
		{"personality 9", none, "amd64", x86_64(135, 9), eperm},
		{"personality query", none, "amd64", x86_64(135, 0xffffffff), allow},
		{"a system call of the future", none, "amd64", x86_64(900), enosys},
		{"a system call of the future, i386", none, "amd64", i386(900), enosys},
		{"a system call of the future, x32", none, "amd64", x32(900), enosys},
		{"a system call of the future, arm64", none, "arm64", arm64(900), enosys},
		{"skipped by a tracer", none, "amd64", x86_64(0xffffffff), enosys},
		{"another architecture", none, "amd64", arm64(63), dead},
		{"another architecture", none, "arm64", x86_64(0), dead},
	} {
		if got := c.in[c.machine].run(t, c.call); got != c.want {
			t.Errorf("%s: got %#x, want %#x", c.what, got, c.want)
		}
	}
}

// Every system call of every ABI, against a reading of the rules that does no compiling.
func TestDefaultProfileAgreesWithPlainReading(t *testing.T) {
	for _, caps := range [][]string{nil, {"CAP_SYS_ADMIN", "CAP_BPF", "CAP_SYS_PTRACE"}} {
		p, err := Default(caps)
		assert.NilError(t, err)
		p.Architectures = []specs.Arch{specs.ArchX86, specs.ArchX32, specs.ArchARM}
		for _, name := range []string{"amd64", "arm64"} {
			m := compiled(t, p, name)
			all, err := abis(name)
			assert.NilError(t, err)
			for _, a := range all {
				for nr := range uint32(700) {
					for _, arg := range []uint64{0, 2, 3, 7, 8, 38, 40, 1 << 17, unix.CLONE_NEWNS, 1<<32 - 1, 1 << 32, 1<<63 | 1} {
						c := call{audit: a.audit, nr: a.base + nr, args: [6]uint64{arg, arg}}
						if got, want := m.run(t, c), interpret(p, &a, c); got != want {
							t.Fatalf("%s system call %d(%#x) with %v: got %#x, want %#x", a.name, nr, arg, caps, got, want)
						}
					}
				}
			}
		}
	}
}

func TestDefaultProgramIsShort(t *testing.T) {
	p, err := Default([]string{"CAP_CHOWN"})
	assert.NilError(t, err)
	for _, name := range []string{"amd64", "arm64"} {
		p.Architectures = []specs.Arch{specs.ArchX86, specs.ArchX32, specs.ArchARM}
		program, _, err := Compile(p, name)
		assert.NilError(t, err)
		t.Logf("%s: %d instructions", name, len(program))
		assert.Assert(t, len(program) < 600)
	}
}

// Names in Docker's profile that no ABI of ours has must be those of other machines: a name missing from the table is a system call denied.
func TestTableHasAllOfDockersNames(t *testing.T) {
	foreign := []string{"riscv_", "s390_", "swapcontext"}
	p, err := Default([]string{"CAP_SYS_ADMIN", "CAP_SYS_TIME", "CAP_SYS_PTRACE", "CAP_SYS_NICE"})
	assert.NilError(t, err)
	for _, s := range p.Syscalls {
		for _, name := range s.Names {
			found := slices.ContainsFunc(foreign, func(f string) bool { return strings.HasPrefix(name, f) })
			for _, m := range []string{"amd64", "arm64"} {
				all, _ := abis(m)
				for _, a := range all {
					_, ok := a.number(name)
					found = found || ok
				}
			}
			assert.Assert(t, found, "%s", name)
		}
	}
	assert.Assert(t, arch.AARCH64.SyscallNames["newfstatat"] == 0, "the table knows newfstatat by now: the alias can go")
}

func BenchmarkCompileDefault(b *testing.B) {
	for b.Loop() {
		p, err := Default([]string{"CAP_CHOWN"})
		assert.NilError(b, err)
		_, _, err = Compile(p, "amd64")
		assert.NilError(b, err)
	}
}

func BenchmarkCompileCached(b *testing.B) {
	var c Cache
	for b.Loop() {
		p, err := c.Default([]string{"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"})
		assert.NilError(b, err)
		_, err = c.Compile(p, "amd64")
		assert.NilError(b, err)
	}
}
