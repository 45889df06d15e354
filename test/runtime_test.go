package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// needsRuntime skips a test where a runtime is not installed.
func needsRuntime(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("needs " + name)
	}
	return path
}

// TestSessionsThroughRunc runs the scripts once more with a daemon whose containers are handed to runc. Those of builds are left out: steps
// are no other runtime's.
func TestSessionsThroughRunc(t *testing.T) {
	needsRuntime(t, "runc")
	d := privateDaemon(t, "--default-runtime", "runc")
	d.ports = "298"
	files, err := filepath.Glob("scripts/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "build-") })
	session(t, d, filepath.Join(filepath.Dir(forTug.bin), "alias"), files...)
}

// A runtime that changes the owner of its standard streams, as crun does, does not get the host's null device in hand.
func TestARuntimeDoesNotGetTheHostsNullDevice(t *testing.T) {
	runc := needsRuntime(t, "runc")
	wrapped := filepath.Join(t.TempDir(), "grabber")
	script := "#!/bin/sh\nchown 4711:4711 /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2\nexec " + runc + ` "$@"` + "\n"
	if err := os.WriteFile(wrapped, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	d := privateDaemon(t, "--add-runtime", "grabber="+wrapped)
	before, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", "-d", "--name", "grabbed", "--runtime", "grabber", "busybox", "sleep", "1000"},
		{"run", "-dt", "--name", "terminal", "--runtime", "grabber", "busybox", "sleep", "1000"},
		{"exec", "grabbed", "true"},
		{"exec", "-d", "-t", "terminal", "true"},
		{"kill", "-s", "HUP", "grabbed"},
		{"rm", "-f", "grabbed", "terminal"},
	} {
		output(t, d.tug(args...))
		if after, err := os.Stat(os.DevNull); err != nil || owner(after) != owner(before) {
			t.Errorf("%s: /dev/null belongs to %d, %v", strings.Join(args, " "), owner(after), err)
		}
	}
}

// owner is the user that a file belongs to.
func owner(info os.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }

// A container of another runtime outlives the daemon, and ends with its shim; either way nothing is left of it.
func TestAContainerOfAnotherRuntimeOutlivesTheDaemon(t *testing.T) {
	needsRuntime(t, "runc")
	t.Parallel()
	d := privateDaemon(t)
	output(t, d.tug("run", "-d", "--name", "stays", "--runtime", "runc", "busybox", "sh", "-c", "trap 'exit 6' TERM; echo words; while :; do sleep 0.05; done"))
	output(t, d.tug("run", "-d", "--name", "loses", "--runtime", "runc", "busybox", "sleep", "1000"))
	pid := pidOf(t, d.tug, "stays")
	d.end(syscall.SIGKILL)
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
	if got := pidOf(t, d.tug, "stays"); got != pid {
		t.Errorf("its process was %s and is %s", pid, got)
	}
	if got := output(t, d.tug("exec", "stays", "echo", "hello")); got != "hello" {
		t.Errorf("an exec says %q", got)
	}
	if got := output(t, d.tug("logs", "stays")); got != "words" {
		t.Errorf("its log says %q", got)
	}
	output(t, d.tug("stop", "stays"))
	if got := output(t, d.tug("inspect", "-f", "{{.State.ExitCode}}", "stays")); got != "6" {
		t.Errorf("it ended with %s", got)
	}
	shim := atoi(t, parentOf(t, pidOf(t, d.tug, "loses")))
	syscall.Kill(shim, syscall.SIGKILL)
	if got := output(t, d.tug("wait", "loses")); got != "137" {
		t.Errorf("without its shim it ended with %s", got)
	}
	output(t, d.tug("start", "loses"))
}

// The host's table of mounts shows nothing of a container of another runtime, nor does the run root.
func TestTheBundleIsOutOfTheHostsSight(t *testing.T) {
	needsRuntime(t, "runc")
	t.Parallel()
	d := privateDaemon(t)
	output(t, d.tug("run", "-d", "--name", "hidden", "--runtime", "runc", "-v", t.TempDir()+":/data", "busybox", "sleep", "1000"))
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), d.dir) {
		t.Errorf("a mount below %s:\n%s", d.dir, mounts)
	}
	for _, pattern := range []string{"run/config.json", "run/rootfs", "run/state", "run/shims/*/config.json"} {
		if found, _ := filepath.Glob(filepath.Join(d.dir, pattern)); len(found) > 0 {
			t.Errorf("on the host: %v", found)
		}
	}
}

// What a runtime says of its failure is told as it says it, with Docker's exit codes.
func TestARuntimesOwnWords(t *testing.T) {
	needsRuntime(t, "runc")
	t.Parallel()
	dir := t.TempDir()
	for name, script := range map[string]string{
		"speaks": `while [ "$1" != --log ]; do shift; done; echo '{"level":"error","msg":"it rains"}' > "$2"; exit 1`,
		"silent": "exit 3",
		"liar":   `while [ "$1" != --pid-file ]; do shift; done; echo -n 1 > "$2"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := privateDaemon(t, "--add-runtime", "speaks="+dir+"/speaks", "--add-runtime", "silent="+dir+"/silent", "--add-runtime", "liar="+dir+"/liar")
	for _, c := range []struct {
		runtime string
		args    []string
		code    int
		says    string
	}{
		{"speaks", []string{"true"}, 125, "OCI runtime create failed: it rains"},
		{"silent", []string{"true"}, 125, "runtime silent: it ended with code 3"},
		{"liar", []string{"true"}, 125, "the pid 1, which is no descendant"},
		{"nothere", []string{"true"}, 125, "unknown or invalid runtime name: nothere"},
		{"runc", []string{"nothere"}, 127, `exec: "nothere": executable file not found in $PATH`},
		{"runc", []string{"/etc"}, 126, `exec: "/etc": permission denied`},
	} {
		cmd := d.tug(append([]string{"run", "--rm", "--runtime", c.runtime, "busybox"}, c.args...)...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("%s %v: exit code %d, %s", c.runtime, c.args, got, out)
		}
	}
	if got := output(t, d.tug("info", "-f", "{{range $n, $r := .Runtimes}}{{$n}} {{end}}{{.DefaultRuntime}}")); !strings.Contains(got, "liar") || !strings.HasSuffix(got, "tug") {
		t.Errorf("info: %s", got)
	}
}

// parentOf gives the pid of a process's parent.
func parentOf(t *testing.T, pid string) string {
	t.Helper()
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "PPid:\t")
	parent, _, _ := strings.Cut(rest, "\n")
	return parent
}
