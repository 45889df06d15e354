package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemon is a private tugd: its socket, folders, bridge, firewall table and cgroup parent are its own.
type daemon struct {
	bin, dir string // of the programs, and of all that the daemon has
	name     string // of its cgroup parent; its bridge has the same and a 0
	ports    string // the first digits of ports that its tests may publish
	cmd      *exec.Cmd
	ended    chan struct{} // closed when the process has ended and been waited for
}

// startDaemon starts one whose things are all named after this process and the tag; its ports too are those of no other
// daemon, nor, most likely, of another run of the tests.
func startDaemon(bin, dir, tag string, nth int) (*daemon, error) {
	d := &daemon{bin: bin, dir: filepath.Join(dir, tag), name: fmt.Sprintf("tg%d%s", os.Getpid()%100000, tag), ports: strconv.Itoa(200 + os.Getpid()%50*2 + nth)}
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		return nil, err
	}
	return d, d.start()
}

// privateDaemon is for a test that needs a daemon for itself.
func privateDaemon(t *testing.T, flags ...string) *daemon {
	t.Helper()
	needsEngine(t)
	dir, err := os.MkdirTemp("", ownFolder()) // a short one: sockets' paths are
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{bin: forDocker.bin, dir: dir, name: fmt.Sprintf("tg%dp%d", os.Getpid()%100000, serial.Add(1))}
	if err := d.start(flags...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer os.RemoveAll(dir)
		for _, left := range d.finish() {
			t.Error("left behind:", left)
		}
		if t.Failed() {
			d.tell()
		}
	})
	return d
}

func (d *daemon) host() string { return "unix://" + filepath.Join(d.dir, "s") }

// start starts the process and returns when it answers.
func (d *daemon) start(flags ...string) error {
	log, err := os.OpenFile(filepath.Join(d.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	d.cmd = exec.Command(filepath.Join(d.bin, "tugd"), append([]string{
		"-H", d.host(),
		"--data-root", filepath.Join(d.dir, "data"), "--exec-root", filepath.Join(d.dir, "run"), "--pidfile", filepath.Join(d.dir, "pid"),
		"--bridge", d.name + "0", "--cgroup-parent", "/" + d.name,
		"--registry-mirror", "http://" + os.Getenv("TUG_TEST_REGISTRY"), "--debug",
	}, flags...)...)
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) { cmd.Wait(); close(ended) }(d.cmd, d.ended)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-d.ended:
			d.tell()
			return fmt.Errorf("tugd ended: %v", d.cmd.ProcessState)
		default:
		}
		if d.docker("version").Run() == nil {
			return nil
		}
	}
	d.end(syscall.SIGTERM)
	d.tell()
	return fmt.Errorf("tugd does not answer")
}

// end sends the signal to the daemon's process and waits for its end; the containers go on.
func (d *daemon) end(signal syscall.Signal) {
	d.cmd.Process.Signal(signal)
	<-d.ended
}

// docker is a command of the docker command line for this daemon, or of tug where there is no docker.
func (d *daemon) docker(args ...string) *exec.Cmd {
	if whyNoDocker != "" {
		return d.tug(args...)
	}
	return d.command("docker", args...)
}

// tug is a command of tug for this daemon.
func (d *daemon) tug(args ...string) *exec.Cmd {
	return d.command(filepath.Join(d.bin, "tug"), args...)
}

func (d *daemon) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+d.host(), "TUG_HOST="+d.host(), "DOCKER_CONFIG="+filepath.Join(d.dir, "config"))
	return cmd
}

// finish removes all containers, ends the daemon, takes away what a daemon keeps on purpose from its one life to the
// next (bridge, firewall table, cgroup parent), and tells what was there that should not have been.
func (d *daemon) finish() (left []string) {
	if out, _ := d.docker("ps", "-aq").Output(); len(out) > 0 {
		d.docker(append([]string{"rm", "-fv"}, strings.Fields(string(out))...)...).Run()
	}
	d.docker("network", "prune", "-f").Run() // of a session that failed
	d.end(syscall.SIGTERM)
	left = d.leftovers()
	if err := removeNetwork(d.name + "0"); err != nil {
		left = append(left, err.Error())
	}
	groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + d.name)
	for _, g := range append(groups, "/sys/fs/cgroup/"+d.name) {
		if err := os.Remove(g); err != nil && !os.IsNotExist(err) {
			left = append(left, err.Error())
		}
	}
	return left
}

// leftovers tells what an ended daemon that has no container has left in its folders and its firewall table. Named volumes
// stay, as they are to.
func (d *daemon) leftovers() (left []string) {
	for _, pattern := range []string{"data/containers/*", "data/trash/*", "data/volumes/" + strings.Repeat("[0-9a-f]", 64), "run/*/*"} {
		found, _ := filepath.Glob(filepath.Join(d.dir, pattern))
		left = append(left, found...)
	}
	return append(left, publishedPorts(d.name+"0")...)
}

// tell shows the end of what the daemon logged, but for the talk of the whole day.
func (d *daemon) tell() {
	log, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	lines := slices.DeleteFunc(strings.Split(string(log), "\n"), func(l string) bool { return strings.Contains(l, "level=DEBUG") })
	fmt.Fprintf(os.Stderr, "the last lines of %s's log:\n%s\n", d.name, strings.Join(lines[max(0, len(lines)-40):], "\n"))
}
