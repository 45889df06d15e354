package seccomp

import (
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"gotest.tools/v3/assert"
)

func TestCacheReturnsWhatCompileMakes(t *testing.T) {
	var c Cache
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p, err := c.Default([]string{"CAP_KILL", "CAP_CHOWN"})
			assert.Check(t, err)
			program, err := c.Compile(p, "amd64")
			assert.Check(t, err)
			want, flags, err := Compile(p, "amd64")
			assert.Check(t, err)
			assert.Check(t, cmp.Equal(program.Filter, want) && program.Flags == flags)
		})
	}
	all.Wait()

	one, err := c.Default([]string{"CAP_KILL", "CAP_CHOWN"})
	assert.NilError(t, err)
	other, err := c.Default([]string{"CAP_CHOWN", "CAP_KILL", "CAP_CHOWN"})
	assert.NilError(t, err)
	assert.Assert(t, one == other, "the order of capabilities does not matter")
}

// Whatever changes the program changes the key under which it is remembered.
func TestFingerprintSeesEveryField(t *testing.T) {
	one, two := uint(1), uint(2)
	profile := func(change func(p *specs.LinuxSeccomp)) *specs.LinuxSeccomp {
		p := &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow,
			Syscalls: []specs.LinuxSyscall{
				{Names: []string{"a", "bc"}, Action: specs.ActErrno, ErrnoRet: &one, Args: []specs.LinuxSeccompArg{{Op: specs.OpEqualTo}}},
			},
		}
		change(p)
		return p
	}
	seen := map[[32]byte]int{}
	for i, change := range []func(p *specs.LinuxSeccomp){
		func(p *specs.LinuxSeccomp) {},
		func(p *specs.LinuxSeccomp) { p.DefaultAction = specs.ActLog },
		func(p *specs.LinuxSeccomp) { p.DefaultErrnoRet = &one },
		func(p *specs.LinuxSeccomp) { p.ListenerPath = "x" },
		func(p *specs.LinuxSeccomp) { p.Flags = []specs.LinuxSeccompFlag{} },
		func(p *specs.LinuxSeccomp) { p.Flags = []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagLog} },
		func(p *specs.LinuxSeccomp) { p.Architectures = []specs.Arch{specs.ArchX86} },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].Names = []string{"ab", "c"} },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].Action = specs.ActTrap },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].ErrnoRet = &two },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].ErrnoRet = nil },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args = nil },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].Index = 1 },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].Value = 1 },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].ValueTwo = 1 },
		func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].Op = specs.OpNotEqual },
		func(p *specs.LinuxSeccomp) { p.Syscalls = append(p.Syscalls, p.Syscalls...) },
	} {
		key := fingerprint(profile(change), "amd64")
		before, twice := seen[key]
		assert.Assert(t, !twice, "change %d looks like %d", i, before)
		seen[key] = i
	}
	assert.Assert(t, fingerprint(profile(func(*specs.LinuxSeccomp) {}), "arm64") != fingerprint(profile(func(*specs.LinuxSeccomp) {}), "amd64"))
}

func TestProgramBytesAreTheKernelsStructs(t *testing.T) {
	var c Cache
	program, err := c.Compile(&specs.LinuxSeccomp{DefaultAction: specs.ActAllow}, "arm64")
	assert.NilError(t, err)
	b := program.Bytes()
	assert.Equal(t, len(b), 8*len(program.Filter))
	last := program.Filter[len(program.Filter)-1]
	assert.Equal(t, binary.LittleEndian.Uint16(b[len(b)-8:]), last.Code)
	assert.Equal(t, binary.LittleEndian.Uint32(b[len(b)-4:]), last.K)
}

func TestLoadReadsDockersFormat(t *testing.T) {
	text := `{
	"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
	"archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}, {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
	"syscalls": [
		{"names": ["read"], "action": "SCMP_ACT_ALLOW"},
		{"name": "write", "action": "SCMP_ACT_ALLOW"},
		{"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4.8"}}
	]}`
	for caps, want := range map[string]string{"CAP_CHOWN": "read write", "CAP_SYS_ADMIN": "read write mount"} {
		p, err := Load([]byte(text), []string{caps})
		assert.NilError(t, err)
		var names []string
		for _, s := range p.Syscalls {
			names = append(names, s.Names...)
		}
		assert.Equal(t, strings.Join(names, " "), want)
		assert.Equal(t, len(p.Architectures), 2)
		assert.Equal(t, *p.DefaultErrnoRet, uint(38))
	}

	none, err := Load([]byte(`{}`), nil)
	assert.NilError(t, err)
	assert.Assert(t, none == nil)

	_, err = Load([]byte(`{"defaultAction": 7}`), nil)
	assert.Assert(t, errors.Is(err, errdefs.ErrInvalidArgument), "%v", err)
}

// A profile comes from whoever may start containers: no text may do more harm than an error.
func FuzzLoadAndCompile(f *testing.F) {
	f.Add([]byte(`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":38,"op":"SCMP_CMP_EQ"}]}]}`))
	f.Add([]byte(`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ"}]}]}`))
	f.Add([]byte(`{"syscalls":[null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Load(text, []string{"CAP_SYS_ADMIN"})
		if err != nil || p == nil {
			return
		}
		for _, m := range []string{"amd64", "arm64"} {
			if program, _, err := Compile(p, m); err == nil {
				load(t, program).run(t, x86_64(41, 38))
			}
		}
	})
}
