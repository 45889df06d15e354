package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// run runs a counter in the background and waits until it has set itself up.
func (d *daemon) run(name string, more ...string) {
	d.t.Helper()
	d.must(append([]string{"run", "-d"}, counterArgs(name, more...)...)...)
	d.eventually(name+" writes", func() bool { return d.lines(name, 1) > 0 })
}

// counterArgs are the arguments of run or create for a counter.
func counterArgs(name string, more ...string) []string {
	own := []string{"--name", name, "-e", "NAME=" + name, "-v", filepath.Join(programs, "counter") + ":/counter:ro"}
	return append(append(own, more...), "busybox", "/counter")
}

// lines gives how many lines a container's log has. It fails if one is missing, or the container was not started as
// often as the log says; below 0 that is not known.
func (d *daemon) lines(name string, starts int) int {
	d.t.Helper()
	text := d.must("logs", name)
	if text == "" {
		return 0
	}
	lines, runs, err := tally(strings.Split(text, "\n"))
	if err != nil {
		d.t.Fatalf("the log of %s: %v", name, err)
	}
	if starts >= 0 && runs > starts {
		d.t.Fatalf("the log of %s tells of %d starts, not %d", name, runs, starts)
	}
	return lines
}

// tally counts the lines of a counter's log, and how often it was started. Errors: a line is missing, or is none.
func tally(list []string) (lines, starts int, err error) {
	last := 0
	for i, l := range list {
		n, err := strconv.Atoi(l)
		switch {
		case err != nil:
			return 0, 0, fmt.Errorf("line %d is %q", i+1, l)
		case n == 1:
			starts++
		case n != last+1:
			return 0, 0, fmt.Errorf("line %d is %d after %d", i+1, n, last)
		}
		last = n
	}
	return len(list), starts, nil
}

// goesOn waits until a running container has written another line.
func (d *daemon) goesOn(name string, starts int) {
	d.t.Helper()
	before := d.lines(name, starts)
	d.eventually(name+" writes on", func() bool { return d.lines(name, starts) > before })
}

// pid is the host's number of a container's first process.
func (d *daemon) pid(name string) int {
	d.t.Helper()
	pid, err := strconv.Atoi(d.inspect(name, "{{.State.Pid}}"))
	if err != nil || pid == 0 {
		d.t.Fatalf("%s has process %d, %v", name, pid, err)
	}
	return pid
}

// shim is the host's number of a container's shim, the parent of its first process.
func (d *daemon) shim(name string) int {
	d.t.Helper()
	shim := parent(d.pid(name))
	args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", shim))
	if !strings.HasPrefix(string(args), "tug-shim\x00"+filepath.Join(d.dir, "run")) {
		d.t.Fatalf("%s is the child of %d, which is no shim: %q", name, shim, args)
	}
	return shim
}

// parent gives the number of a process's parent, or 0.
func parent(pid int) int {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(fields[1])
	return n
}

// killProcess kills a process of this test's containers and returns when it is gone.
func (d *daemon) killProcess(pid int, signal syscall.Signal) {
	d.t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		d.t.Fatalf("kill process %d: %v", pid, err)
	}
	d.eventually(fmt.Sprintf("process %d is gone", pid), func() bool { return !lives(pid) })
}

// lives tells whether a process runs; one that waits for its parent's attention does not.
func lives(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}
