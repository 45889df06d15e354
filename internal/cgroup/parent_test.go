package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/errdefs"
	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/opencontainers/runtime-spec/specs-go"
	"gotest.tools/v3/assert"
)

// On version 2 a group with processes of its own has no children with limits.
func TestProcessesInTheParentAreNamed(t *testing.T) {
	h, parent := host(t)
	if !h.V2 {
		t.Skip("cgroup version 1 has no such rule")
	}
	need(t, h, "memory")
	crowd := create(t, h, parent, "crowd", nil)
	p := start(t, crowd, "wait")
	assert.Equal(t, p.line(t), "ready")
	_, err := h.Create(crowd.Path(), "one", &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: ptr(int64(64 << 20))}})
	assert.Assert(t, errors.Is(err, errdefs.ErrFailedPrecondition), "%v", err)
	assert.ErrorContains(t, err, strconv.Itoa(p.cmd.Process.Pid))
}

// A daemon that a supervisor put into the group that is to be the parent makes way for its containers.
func TestTheDaemonMakesWay(t *testing.T) {
	h, parent := host(t)
	if !h.V2 {
		t.Skip("cgroup version 1 has no such rule")
	}
	need(t, h, "pids")
	service := create(t, h, parent, "service", nil)
	self := strconv.Itoa(os.Getpid())
	before, err := os.ReadFile("/proc/self/cgroup")
	assert.NilError(t, err)
	_, home, _ := strings.Cut(strings.TrimSpace(string(before)), "::")
	assert.NilError(t, write(service.Dir(), "cgroup.procs", self))
	defer func() {
		assert.NilError(t, write(filepath.Join(h.hierarchies[0].dir, home), "cgroup.procs", self))
	}()
	g := create(t, h, service.Path(), "one", &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(5))}})
	assert.Equal(t, valueOf(t, g, "pids", "", "pids.max"), "5")
	now, err := os.ReadFile("/proc/self/cgroup")
	assert.NilError(t, err)
	assert.Equal(t, strings.TrimSpace(string(now)), "0::"+service.Path()+"/init")
	children, err := h.Children(service.Path())
	assert.NilError(t, err)
	assert.DeepEqual(t, children, []string{"one"})
}

// An engine in a container finds itself and others at the root of its hierarchy.
func TestInAContainerTheRootIsCleared(t *testing.T) {
	h, parent := host(t)
	if !h.V2 {
		t.Skip("cgroup version 1 has no such rule")
	}
	need(t, h, "pids")
	g := create(t, h, parent, "container", nil)
	p := start(t, g, "contain")
	assert.Equal(t, p.line(t), "limit 5, we are in 0::/init")
	assert.NilError(t, p.cmd.Wait())
}

func TestASliceAsParentOnAHostWithoutSystemd(t *testing.T) {
	h, _ := host(t)
	if exists("/run/systemd", "private") {
		t.Skip("this host has systemd")
	}
	_, err := h.Create("machine.slice", "one", nil)
	assert.Assert(t, errors.Is(err, errdefs.ErrFailedPrecondition), "%v", err)
	assert.ErrorContains(t, err, "machine.slice is a slice of systemd")
}

func TestASliceAsParent(t *testing.T) {
	h, _ := host(t)
	if !exists("/run/systemd", "private") {
		t.Skip("this host has no systemd")
	}
	slice := fmt.Sprintf("tugtest-p%d.slice", os.Getpid())
	bus, err := systemd.NewWithContext(context.Background())
	assert.NilError(t, err)
	defer bus.Close()
	t.Cleanup(func() {
		assert.Check(t, h.RemoveParent(slice))
		assert.Check(t, h.RemoveParent(slice), "what is gone is gone")
		assert.Check(t, !exists(h.hierarchies[0].dir, parentPath(slice)))
		bus, err := systemd.NewWithContext(context.Background())
		assert.Check(t, err)
		defer bus.Close()
		for _, unit := range []string{slice, "tugtest.slice"} {
			done := make(chan string, 1)
			if _, err := bus.StopUnitContext(context.Background(), unit, "replace", done); err == nil {
				<-done
			}
		}
	})
	var r *specs.LinuxResources
	if h.Controllers["pids"] {
		r = &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(50))}}
	}
	g, err := h.Create(slice, "one", r)
	assert.NilError(t, err)
	assert.Equal(t, g.Path(), "/tugtest.slice/"+strings.TrimSuffix(slice, ".slice")+".slice/"+unitName(slice)+"/one")

	// systemd arranges its tree anew, and neither the empty group nor its limit goes.
	assert.NilError(t, bus.ReloadContext(context.Background()))
	if r != nil {
		assert.Equal(t, valueOf(t, g, "pids", "pids.max", "pids.max"), "50")
	}
	p := start(t, g, "wait")
	assert.Equal(t, p.line(t), "ready")
	assert.NilError(t, bus.ReloadContext(context.Background()))
	pids, err := g.Pids()
	assert.NilError(t, err)
	assert.DeepEqual(t, pids, []int{p.cmd.Process.Pid})
	if r != nil {
		assert.Equal(t, valueOf(t, g, "pids", "pids.max", "pids.max"), "50")
	}

	// The last process ends, and the unit waits for the next.
	assert.NilError(t, p.in.Close())
	assert.NilError(t, p.cmd.Wait())
	assert.NilError(t, g.Delete())
	state, err := bus.GetUnitPropertyContext(context.Background(), unitName(slice), "ActiveState")
	assert.NilError(t, err)
	assert.Equal(t, state.Value.Value(), "active")
	other, err := Detect() // a daemon that was started anew finds the unit
	assert.NilError(t, err)
	g, err = other.Create(slice, "two", r)
	assert.NilError(t, err)
	p = start(t, g, "wait")
	assert.Equal(t, p.line(t), "ready")
	assert.NilError(t, g.Kill())
	p.cmd.Wait()
	assert.NilError(t, g.Delete())
}

// Who makes a parent by hand has given it limits, and finds it as it was.
func TestParentsThatWereThereStay(t *testing.T) {
	h, parent := host(t)
	first := create(t, h, parent+"/first", "one", nil)
	theirs := parent + "/theirs"
	for _, hierarchy := range h.hierarchies {
		assert.NilError(t, os.Mkdir(filepath.Join(hierarchy.dir, theirs), 0o755))
	}
	g := create(t, h, theirs+"/a/b", "one", nil)
	assert.DeepEqual(t, h.Made(theirs+"/a/b"), []string{parent, theirs + "/a", theirs + "/a/b"})
	next, err := Detect()
	assert.NilError(t, err)
	next.Remember(h.Made(theirs + "/a/b"))
	assert.NilError(t, next.RemoveParent(g.Parent()), "it is not empty")
	assert.NilError(t, g.Delete())
	assert.NilError(t, next.RemoveParent(g.Parent()))
	for _, hierarchy := range h.hierarchies {
		assert.Check(t, !exists(hierarchy.dir, theirs+"/a"))
		assert.NilError(t, os.Remove(filepath.Join(hierarchy.dir, theirs)))
	}
	assert.NilError(t, first.Delete())
	assert.NilError(t, h.RemoveParent(first.Parent()))
}

func TestParentsComeAndGoAtTheSameTime(t *testing.T) {
	h, parent := host(t)
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for range 50 {
				g, err := h.Create(parent+"/a", fmt.Sprint("group", worker), nil)
				if !assert.Check(t, err) {
					return
				}
				assert.Check(t, g.Delete())
				assert.Check(t, h.RemoveParent(g.Parent()))
			}
		})
	}
	workers.Wait()
}
