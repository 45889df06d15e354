package cgroup

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"
)

// asMember makes this test binary a process that joins a group and then does as it is told.
const asMember = "TUG_CGROUP_TEST_MEMBER"

func TestMain(m *testing.M) {
	if what := os.Getenv(asMember); what != "" {
		member(what)
		return
	}
	os.Exit(m.Run())
}

// member joins the groups whose files are in JOIN by writing "0", one single-threaded program's way: the thread that moved goes on by
// execve, whose new program is all in the group. Then it does one thing.
func member(what string) {
	runtime.LockOSThread()
	if join := os.Getenv("JOIN"); join != "" {
		for file := range strings.SplitSeq(join, "\n") {
			fatal(os.WriteFile(file, []byte("0"), 0))
		}
		os.Unsetenv("JOIN")
		fatal(unix.Exec("/proc/self/exe", os.Args, os.Environ()))
	}
	switch what {
	case "wait": // until the test closes our input
		fmt.Println("ready")
		io.Copy(io.Discard, os.Stdin)
	case "spin":
		fmt.Println("ready")
		for runtime.NumCPU() > 0 {
		}
	case "eat": // more memory than the group may have
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadString('\n')
		eaten := make([]byte, 256<<20)
		for i := range eaten {
			eaten[i] = byte(i)
		}
		fmt.Println("full", len(eaten))
	case "fork": // until it may not
		n := 0
		for range 200 {
			pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
			if errno != 0 {
				break
			}
			if pid == 0 {
				for {
					unix.RawSyscall(unix.SYS_NANOSLEEP, 0, 0, 0)
					unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
				}
			}
			n++
		}
		fmt.Println("forked", n)
		io.Copy(io.Discard, os.Stdin)
	case "breed": // a new process for ever, each of which is gone at once
		fmt.Println("ready")
		for {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = []string{asMember + "=breed"}
			cmd.Start()
			time.Sleep(time.Millisecond)
		}
	case "contain": // an engine in a container: a cgroup namespace whose root is our group
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), asMember+"=nest")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWCGROUP | unix.CLONE_NEWNS}
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		fatal(cmd.Run())
	case "nest":
		fatal(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		fatal(unix.Unmount("/sys/fs/cgroup", unix.MNT_DETACH))
		fatal(unix.Mount("cgroup", "/sys/fs/cgroup", "cgroup2", 0, ""))
		h, err := Detect()
		fatal(err)
		g, err := h.Create("/inner", "one", &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: ptr(int64(5))}})
		fatal(err)
		limit, err := os.ReadFile(filepath.Join(g.Dir(), "pids.max"))
		fatal(err)
		own, err := os.ReadFile("/proc/self/cgroup")
		fatal(err)
		fatal(g.Delete())
		fatal(h.RemoveParent("/inner"))
		fmt.Printf("limit %s, we are in %s\n", strings.TrimSpace(string(limit)), strings.TrimSpace(string(own)))
	case "open":
		for device := range strings.SplitSeq(os.Getenv("DEVICES"), " ") {
			f, err := os.OpenFile(device, os.O_RDWR, 0)
			if err == nil {
				f.Close()
			}
			fmt.Printf("%s: %v\n", filepath.Base(device), err)
		}
		fmt.Println("done")
	}
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is a member of a group.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start runs a member in a group, and returns when it has joined.
func start(t *testing.T, g *Group, what string, env ...string) *process {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), asMember+"="+what, "JOIN="+strings.Join(g.JoinFiles(), "\n")), env...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: 0}
	in, err := cmd.StdinPipe()
	assert.NilError(t, err)
	out, err := cmd.StdoutPipe()
	assert.NilError(t, err)
	assert.NilError(t, cmd.Start())
	t.Cleanup(func() {
		_ = g.Thaw()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &process{cmd, in, bufio.NewReader(out)}
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	assert.NilError(t, err)
	return strings.TrimSpace(line)
}

// until waits for something that takes as long as it takes.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 3000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("still not: %s", what)
}
