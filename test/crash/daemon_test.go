package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// daemon is a private tugd that is killed and started again.
type daemon struct {
	t    *testing.T
	dir  string // of all that it has
	name string // of its cgroup parent; its bridge has the same and a 0
	nth  int    // of the daemons of this process
	cmd  *exec.Cmd
	http http.Client
}

var serial atomic.Int32 // tells apart the daemons of one test process

// newDaemon starts one, with the images there, for one test, at whose end nothing may be left of it.
func newDaemon(t *testing.T, images ...string) *daemon {
	t.Helper()
	if whyNot != "" {
		t.Skip(whyNot)
	}
	dir, err := os.MkdirTemp("", "tugcrash-") // a short one: sockets' paths are
	if err != nil {
		t.Fatal(err)
	}
	nth := int(serial.Add(1))
	d := &daemon{t: t, dir: dir, nth: nth, name: fmt.Sprintf("tcr%dx%d", os.Getpid()%100000, nth)}
	d.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", d.socket())
	}}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Cleanup(d.clear)
	t.Cleanup(d.finish) // the first of these, whether it fails or not
	d.start()
	for _, i := range images {
		d.must("pull", "-q", i)
	}
	return d
}

func (d *daemon) socket() string { return filepath.Join(d.dir, "s") }

// start starts the daemon and returns when it answers.
func (d *daemon) start() {
	d.t.Helper()
	log, err := os.OpenFile(filepath.Join(d.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	d.cmd = exec.Command(filepath.Join(programs, "tugd"),
		"-H", "unix://"+d.socket(), "--data-root", filepath.Join(d.dir, "data"), "--exec-root", filepath.Join(d.dir, "run"),
		"--pidfile", filepath.Join(d.dir, "pid"), "--bridge", d.name+"0", "--cgroup-parent", "/"+d.name,
		"--registry-mirror", "http://"+os.Getenv("TUG_TEST_REGISTRY"))
	if name := os.Getenv("TUG_CRASH_RUNTIME"); name != "" {
		d.cmd.Args = append(d.cmd.Args, "--default-runtime", name)
	}
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.eventually("the daemon answers", func() bool {
		answer, err := d.http.Get("http://d/_ping")
		if err == nil {
			answer.Body.Close()
		} else if !lives(d.cmd.Process.Pid) {
			d.tell()
			d.t.Fatal("the daemon ended")
		}
		return err == nil && answer.StatusCode == http.StatusOK
	})
}

// kill kills the daemon as the kernel would if memory was short.
func (d *daemon) kill() { d.end(syscall.SIGKILL) }

func (d *daemon) end(signal syscall.Signal) {
	d.cmd.Process.Signal(signal)
	d.cmd.Wait()
}

// command is one of the docker command line to this daemon.
func (d *daemon) command(args ...string) *exec.Cmd {
	c := exec.Command("docker", args...)
	c.Env = append(os.Environ(), "DOCKER_HOST=unix://"+d.socket(), "DOCKER_CONFIG="+filepath.Join(d.dir, "config"))
	return c
}

// docker runs a command and gives what it printed.
func (d *daemon) docker(args ...string) (string, error) {
	var stderr bytes.Buffer
	c := d.command(args...)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// must runs a command that must succeed.
func (d *daemon) must(args ...string) string {
	d.t.Helper()
	out, err := d.docker(args...)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// inspect gives fields of a container by a template; "" if there is no such container.
func (d *daemon) inspect(name, template string) string {
	d.t.Helper()
	out, err := d.docker("container", "inspect", "-f", template, name)
	if err != nil && !strings.Contains(err.Error(), "No such container") {
		d.t.Fatal(err)
	}
	return out
}

// eventually waits until the condition holds. It fails only when that is out of all proportion.
func (d *daemon) eventually(what string, holds func() bool) {
	d.t.Helper()
	if !await(holds) {
		d.t.Fatalf("never happened: %s", what)
	}
}

// await waits until the condition holds; it gives false if that never happens.
func await(holds func() bool) bool {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}

// finish removes all containers and networks, ends the daemon, and looks for what is left.
func (d *daemon) finish() {
	d.t.Helper()
	defer func() {
		if d.t.Failed() {
			d.tell()
		}
	}()
	if d.cmd.ProcessState != nil {
		d.start()
	}
	if all := strings.Fields(d.must("ps", "-aq")); len(all) > 0 {
		d.must(append([]string{"rm", "-fv"}, all...)...)
	}
	for _, n := range strings.Fields(d.must("network", "ls", "-q", "-f", "type=custom")) {
		d.must("network", "rm", n)
	}
	d.end(syscall.SIGTERM)
	var left []string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if left = d.leftovers(); len(left) == 0 {
			break
		}
	}
	for _, l := range left {
		d.t.Errorf("left behind: %s", l)
	}
}

// clear takes away what daemons keep on the host from one life to the next, and whatever else there is.
func (d *daemon) clear() {
	if d.cmd.ProcessState == nil {
		d.kill()
	}
	for _, p := range d.processes() {
		pid, _, _ := strings.Cut(p, " ")
		exec.Command("kill", "-9", pid).Run()
	}
	d.eventually("all processes are gone", func() bool { return len(d.processes()) == 0 })
	links, _ := filepath.Glob("/sys/class/net/" + d.name + "*")
	for _, l := range links {
		exec.Command("ip", "link", "delete", filepath.Base(l)).Run()
	}
	exec.Command("nft", "delete", "table", "inet", "tug-"+d.name+"0").Run()
	for _, g := range d.cgroups() {
		os.Remove(g)
	}
}

// tell shows the end of the daemon's log.
func (d *daemon) tell() {
	log, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	lines := slices.DeleteFunc(strings.Split(string(log), "\n"), func(l string) bool { return strings.Contains(l, "fsverity") })
	d.t.Logf("the end of the daemon's log:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
}

var errRefused = errors.New("refused")

// fetch gets a page from a published port. The error is errRefused if nobody is there.
func fetch(port int) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "", errRefused
	}
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var page bytes.Buffer
	_, err = page.ReadFrom(answer.Body)
	return strings.TrimSpace(page.String()), err
}

// freePort gives a port that nobody has just now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
