package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// counter is what the containers run: it numbers the lines of its output, so that a lost one shows, serves its name on
// port 80, and ends with 7 when it is stopped and with 3 on SIGUSR1.
const counter = `
trap 'exit 7' TERM; trap 'exit 3' USR1
mkdir -p /www; echo "$NAME" >/www/index.html; httpd -p 80 -h /www
i=0; while :; do i=$((i+1)); echo $i; sleep 0.02 & wait $!; done`

// run runs a counter in the background and waits until it has set itself up.
func (d *daemon) run(name string, more ...string) {
	d.t.Helper()
	d.must(append([]string{"run", "-d"}, counterArgs(name, more...)...)...)
	d.eventually(name+" writes", func() bool { return d.lines(name, 1) > 0 })
}

// counterArgs are the arguments of run or create for a counter.
func counterArgs(name string, more ...string) []string {
	return append(append([]string{"--name", name, "-e", "NAME=" + name}, more...), "busybox", "sh", "-c", counter)
}

// lines gives how many lines a container's log has. It fails if one is missing, or the container was not started as
// often as the log says; below 0 that is not known.
func (d *daemon) lines(name string, starts int) int {
	d.t.Helper()
	text := d.must("logs", name)
	if text == "" {
		return 0
	}
	list := strings.Split(text, "\n")
	last, runs := 0, 0
	for i, l := range list {
		n, err := strconv.Atoi(l)
		switch {
		case err != nil:
			d.t.Fatalf("line %d of the log of %s is %q", i+1, name, l)
		case n == 1:
			runs++
		case n != last+1:
			d.t.Fatalf("line %d of the log of %s is %d after %d", i+1, name, n, last)
		}
		last = n
	}
	if starts >= 0 && runs > starts {
		d.t.Fatalf("the log of %s tells of %d starts, not %d", name, runs, starts)
	}
	return len(list)
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
