package cgroup

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/devices/config"
	"golang.org/x/sys/unix"
)

// maxFilters bounds how many device programs are kept. Hosts have a handful of rule sets; the rest is loaded each time.
const maxFilters = 64

// filters are the device programs of version 2 that the kernel has verified already. Most groups have the same rules, and to attach
// a program costs a tenth of loading one.
type filters struct {
	mu       sync.Mutex
	programs map[string]*ebpf.Program // by rules
}

// apply makes a new group's device program, or attaches one that is there.
func (f *filters) apply(dir string, rules []*config.Rule) error {
	key := rulesKey(rules)
	f.mu.Lock()
	program := f.programs[key]
	f.mu.Unlock()
	if program != nil && attach(dir, program) == nil {
		return nil
	}
	if err := cgroups.DevicesSetV2(dir, &cgroups.Resources{Devices: rules}); err != nil || program != nil {
		return err
	}
	if program = attached(dir); program == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.programs == nil {
		f.programs = map[string]*ebpf.Program{}
	}
	if f.programs[key] != nil || len(f.programs) >= maxFilters {
		program.Close()
		return nil
	}
	f.programs[key] = program
	return nil
}

func attach(dir string, program *ebpf.Program) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return link.RawAttachProgram(link.RawAttachProgramOptions{
		Target: int(d.Fd()), Program: program, Attach: ebpf.AttachCGroupDevice, Flags: unix.BPF_F_ALLOW_MULTI,
	})
}

// attached is the one program of a group, nil if it has none or several.
func attached(dir string) *ebpf.Program {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	found, err := link.QueryPrograms(link.QueryOptions{Target: int(d.Fd()), Attach: ebpf.AttachCGroupDevice})
	if err != nil || len(found.Programs) != 1 {
		return nil
	}
	program, err := ebpf.NewProgramFromID(found.Programs[0].ID)
	if err != nil {
		return nil
	}
	return program
}

// rulesKey is different for different rules.
func rulesKey(rules []*config.Rule) string {
	var b strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&b, "%t %s\n", r.Allow, r.CgroupString())
	}
	return b.String()
}
