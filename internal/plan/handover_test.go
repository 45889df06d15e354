package plan_test

import (
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

// bundle is what a container is handed to runc with.
func bundle() *plan.Bundle {
	return &plan.Bundle{
		Dir: "/run/tug", Config: []byte(`{"ociVersion":"1.0.2"}`),
		Command: plan.Command{Args: []string{"/usr/sbin/runc", "create", "--bundle", "/run/tug", "c1"}, Env: []string{"PATH=/usr/bin"}},
	}
}

// TestHandoversAsPrinted shows a container that is handed to another runtime: in a user namespace with a terminal and a
// device, and in the host's on a kernel on which nothing is done to binds before they are attached.
func TestHandoversAsPrinted(t *testing.T) {
	s, e := container(), host()
	s.Process.Terminal = true
	s.Linux.Devices = append(s.Linux.Devices, specs.LinuxDevice{Path: "/dev/kmsg", Type: "c", Major: 1, Minor: 11})
	p, err := plan.Handover(s, e, bundle())
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "handover", p)

	s, e = container(), host()
	namespace(s, specs.UserNamespace, "host")
	e.Kernel = plan.Kernel{Caps: e.Kernel.Caps, LastCap: 40}
	if p, err = plan.Handover(s, e, bundle()); err != nil {
		t.Fatal(err)
	}
	compare(t, "handover-kernel-5.10", p)
}

func TestRuntimesCallAsPrinted(t *testing.T) {
	p, err := plan.Runtime(&plan.Command{Args: []string{"/usr/sbin/runc", "start", "c1"}, Env: []string{"PATH=/usr/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "runtime-call", p)
}

// TestBindsAreClonedFromTheHostsMounts holds that a bind which is to be shared with the host is so: what is cloned in the
// runtime's own mount namespace is not.
func TestBindsAreClonedFromTheHostsMounts(t *testing.T) {
	s := container()
	s.Mounts = append(s.Mounts, specs.Mount{Destination: "/shared", Type: "bind", Source: "/srv/shared", Options: []string{"rbind", "rshared"}})
	p, err := plan.Handover(s, host(), bundle())
	if err != nil {
		t.Fatal(err)
	}
	private := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Call == unix.SYS_UNSHARE })
	bind := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Note == "mount /srv/shared on /shared" })
	if private < 0 || bind < 0 || bind > private {
		t.Errorf("the bind is cloned in step %d, the mount namespace made in step %d", bind, private)
	}
}

// TestARuntimeGetsNoDescriptorOfTheHost holds that the runtime has its standard streams and nothing else open.
func TestARuntimeGetsNoDescriptorOfTheHost(t *testing.T) {
	p, err := plan.Handover(container(), host(), bundle())
	if err != nil {
		t.Fatal(err)
	}
	last := p.Steps[len(p.Steps)-2:]
	if last[0].Call != unix.SYS_CLOSE_RANGE || last[1].Call != unix.SYS_EXECVE {
		t.Errorf("the last steps: %s; %s", last[0].Note, last[1].Note)
	}
	null := slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Out == plan.Stdin && strings.Contains(s.Note, "null device") })
	if !null {
		t.Error("the standard input is the host's null device")
	}
}
