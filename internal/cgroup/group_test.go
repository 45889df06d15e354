package cgroup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// host finds this machine's hierarchies and gives the test a parent of its own, which is gone afterwards.
func host(t testing.TB) (*Host, string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root makes control groups")
	}
	h, err := Detect()
	assert.NilError(t, err)
	parent := fmt.Sprintf("/tug-test-%d-%s", os.Getpid(), strings.ToLower(strings.NewReplacer("/", "-", "#", "-").Replace(t.Name())))
	t.Cleanup(func() {
		assert.Check(t, h.RemoveParent(parent))
		for _, hierarchy := range h.hierarchies {
			_, err := os.Stat(filepath.Join(hierarchy.dir, parent))
			assert.Check(t, errors.Is(err, os.ErrNotExist), "the test left %s in %s", parent, hierarchy.dir)
		}
	})
	return h, parent
}

// create makes a group that the test's end removes.
func create(t testing.TB, h *Host, parent, name string, r *specs.LinuxResources) *Group {
	t.Helper()
	g, err := h.Create(parent, name, r)
	assert.NilError(t, err)
	t.Cleanup(func() {
		assert.Check(t, g.Kill())
		assert.Check(t, g.Delete())
	})
	return g
}

// need skips a test of what this host does not have.
func need(t testing.TB, h *Host, controller string) {
	t.Helper()
	if !h.Controllers[controller] {
		t.Skipf("this host has no %s controller", controller)
	}
}

func ptr[T any](v T) *T { return &v }

func TestAProcessJoinsByItself(t *testing.T) {
	h, parent := host(t)
	g := create(t, h, parent, "one", nil)
	p := start(t, g, "wait")
	assert.Equal(t, p.line(t), "ready")

	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.cmd.Process.Pid))
	assert.NilError(t, err)
	assert.Equal(t, strings.Count(string(groups), g.Path()+"\n"), len(h.hierarchies), "%s", groups)
	pids, err := g.Pids()
	assert.NilError(t, err)
	assert.DeepEqual(t, pids, []int{p.cmd.Process.Pid})

	err = g.Delete()
	assert.Assert(t, errors.Is(err, errdefs.ErrFailedPrecondition), "%v", err)
	assert.Assert(t, strings.Contains(err.Error(), strconv.Itoa(p.cmd.Process.Pid)), "%v", err)
	assert.NilError(t, p.in.Close())
	assert.NilError(t, p.cmd.Wait())
	assert.NilError(t, g.Delete())
	assert.NilError(t, g.Delete(), "a group that is gone is none to remove")
	assert.NilError(t, g.Kill())
	pids, err = g.Pids()
	assert.NilError(t, err)
	assert.Equal(t, len(pids), 0)
	_, err = g.Stats()
	assert.Assert(t, errors.Is(err, errdefs.ErrNotFound), "%v", err)
	assert.Assert(t, errors.Is(g.Freeze(), errdefs.ErrNotFound))
}

func TestAProcessIsBornInTheGroup(t *testing.T) {
	h, parent := host(t)
	g := create(t, h, parent, "one", nil)
	if !h.V2 {
		assert.Equal(t, g.Dir(), "")
		t.Skip("cgroup version 1 has no CLONE_INTO_CGROUP")
	}
	dir, err := os.Open(g.Dir())
	assert.NilError(t, err)
	defer dir.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asMember+"=wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	in, err := cmd.StdinPipe()
	assert.NilError(t, err)
	assert.NilError(t, cmd.Start())
	pids, err := g.Pids()
	assert.NilError(t, err)
	assert.DeepEqual(t, pids, []int{cmd.Process.Pid})
	assert.NilError(t, in.Close())
	assert.NilError(t, cmd.Wait())
}

func TestCreateLeavesNothingOnAnError(t *testing.T) {
	h, parent := host(t)
	_, err := h.Create(parent, "one", &specs.LinuxResources{
		HugepageLimits: []specs.LinuxHugepageLimit{{Pagesize: "17KB", Limit: 1}},
	})
	assert.Assert(t, errors.Is(err, errdefs.ErrFailedPrecondition), "%v", err)
	assert.ErrorContains(t, err, "huge page limit")
	for _, dir := range h.Open(parent, "one").inEach("") {
		_, err := os.Stat(dir)
		assert.Assert(t, errors.Is(err, os.ErrNotExist), "%s", dir)
	}
}

func TestCreateRefusesAnExistingGroupAndKeepsIt(t *testing.T) {
	h, parent := host(t)
	g := create(t, h, parent, "one", nil)
	_, err := h.Create(parent, "one", nil)
	assert.Assert(t, errors.Is(err, errdefs.ErrAlreadyExists), "%v", err)
	for _, dir := range g.inEach("") {
		_, err := os.Stat(dir)
		assert.NilError(t, err)
	}
}

func TestCreateMakesItsParentAgain(t *testing.T) {
	h, parent := host(t)
	deep := parent + "/a/b"
	g := create(t, h, deep, "one", nil)
	assert.NilError(t, g.Delete())
	assert.NilError(t, h.RemoveParent(deep))
	var r *specs.LinuxResources
	if h.Controllers["pids"] { // its limit shows that controllers are handed down again
		r = &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(10))}}
	}
	g, err := h.Create(deep, "one", nil)
	assert.NilError(t, err)
	for _, hierarchy := range h.hierarchies { // behind the host's back
		for p := g.path; p != parent; p = filepath.Dir(p) {
			assert.NilError(t, os.Remove(filepath.Join(hierarchy.dir, p)))
		}
	}
	g = create(t, h, deep, "two", r)
	p := start(t, g, "wait")
	assert.Equal(t, p.line(t), "ready")
	assert.NilError(t, p.in.Close())
	assert.NilError(t, p.cmd.Wait())
	assert.NilError(t, g.Delete())
	assert.NilError(t, h.RemoveParent(deep))
}

func TestDeleteRemovesWhatTheContainerMadeBelow(t *testing.T) {
	h, parent := host(t)
	g := create(t, h, parent, "one", nil)
	for _, dir := range g.inEach("a/b/c") {
		assert.NilError(t, os.MkdirAll(dir, 0o755))
	}
	assert.NilError(t, g.Delete())
}

// TestDeleteRemovesWhatAnotherRuntimeMade beside the hierarchies of version 1.
func TestDeleteRemovesWhatAnotherRuntimeMade(t *testing.T) {
	h, parent := host(t)
	if len(h.beside) == 0 {
		t.Skip("needs cgroup v1 with a unified hierarchy beside it")
	}
	g := create(t, h, parent, "a", nil)
	made := g.dirIn(h.beside[0])
	if err := os.MkdirAll(made, 0o755); err != nil {
		t.Fatal(err)
	}
	left := h.Open(parent, "b")
	if err := os.MkdirAll(left.dirIn(h.beside[0]), 0o755); err != nil {
		t.Fatal(err)
	}
	if names, err := h.Children(parent); err != nil || !slices.Contains(names, "b") {
		t.Errorf("children %v, %v", names, err)
	}
	for _, g := range []*Group{g, left} {
		if err := g.Delete(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(g.dirIn(h.beside[0])); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", g.Path(), err)
		}
	}
}

func TestNamesThatLeadAstray(t *testing.T) {
	h, parent := host(t)
	for _, c := range [][2]string{
		{parent, ""},
		{parent, "."},
		{parent, ".."},
		{parent, "init"},
		{parent, "a/b"},
		{parent, "a\nb"},
		{"tug", "one"},
		{"", "one"},
		{"/tug/../../etc", "one"},
		{"/tug/", "one"},
		{"a--b.slice", "one"},
		{".slice", "one"},
	} {
		_, err := h.Create(c[0], c[1], nil)
		assert.Assert(t, errors.Is(err, errdefs.ErrInvalidArgument), "%q: %v", c, err)
	}
}

func TestFrozenProcessesStandStill(t *testing.T) {
	h, parent := host(t)
	need(t, h, "freezer")
	g := create(t, h, parent, "one", nil)
	p := start(t, g, "spin")
	assert.Equal(t, p.line(t), "ready")
	used := func() string { // processor time, from /proc/PID/stat
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		assert.NilError(t, err)
		return strings.Join(strings.Fields(string(stat))[13:15], "+")
	}
	before := used()
	until(t, "it runs", func() bool { return used() != before })

	assert.NilError(t, g.Freeze())
	frozen := used()
	for range 5 {
		unix.Nanosleep(&unix.Timespec{Nsec: 20e6}, nil)
		assert.Equal(t, used(), frozen)
	}
	assert.NilError(t, g.Freeze(), "a second time")

	assert.NilError(t, g.Thaw())
	until(t, "it goes on", func() bool { return used() != frozen })
}

func TestKillReachesFrozenProcesses(t *testing.T) {
	h, parent := host(t)
	need(t, h, "freezer")
	g := create(t, h, parent, "one", nil)
	p := start(t, g, "wait")
	assert.Equal(t, p.line(t), "ready")
	assert.NilError(t, g.Freeze())
	assert.NilError(t, g.Kill())
	p.cmd.Wait()
	assert.Equal(t, p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), unix.SIGKILL)
}

// Processes that fork all the time do not get away.
func TestKillReachesAllThatFork(t *testing.T) {
	h, parent := host(t)
	need(t, h, "pids")
	g := create(t, h, parent, "one", &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(100))}})
	p := start(t, g, "breed")
	assert.Equal(t, p.line(t), "ready")
	until(t, "there are many", func() bool { pids, _ := g.Pids(); return len(pids) > 5 })
	assert.NilError(t, g.Kill())
	p.cmd.Wait()
	until(t, "nobody is left", func() bool { pids, _ := g.Pids(); return len(pids) == 0 })
}

func BenchmarkCreateWithDefaults(b *testing.B) {
	h, parent := host(b)
	r := &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(4096))}, Devices: someDevices()}
	h.Adjust(r)
	create(b, h, parent, "first", r) // as on a host where containers run: the kernel patches itself for the first device program, and back after the last
	n := 0
	for b.Loop() {
		g, err := h.Create(parent, strconv.Itoa(n), r)
		n++
		assert.NilError(b, err)
		b.StopTimer()
		assert.NilError(b, g.Delete())
		b.StartTimer()
	}
}

func BenchmarkDelete(b *testing.B) {
	h, parent := host(b)
	n := 0
	for b.Loop() {
		b.StopTimer()
		g, err := h.Create(parent, strconv.Itoa(n), nil)
		n++
		assert.NilError(b, err)
		b.StartTimer()
		assert.NilError(b, g.Delete())
	}
}

func BenchmarkStats(b *testing.B) {
	h, parent := host(b)
	g := create(b, h, parent, "one", nil)
	for b.Loop() {
		_, err := g.Stats()
		assert.NilError(b, err)
	}
}
