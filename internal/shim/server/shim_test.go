package server_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/shim"
	"tug/internal/shim/server"
)

// TestMain is a shim when a test has started it as one. On SIGUSR1 that shim writes down how many goroutines it has.
func TestMain(m *testing.M) {
	if len(os.Args) != 2 || os.Args[0] != "test-shim" {
		os.Exit(m.Run())
	}
	dir := os.Args[1]
	count := make(chan os.Signal, 1)
	signal.Notify(count, unix.SIGUSR1)
	go func() {
		for range count {
			tmp := filepath.Join(dir, "goroutines.tmp")
			os.WriteFile(tmp, fmt.Append(nil, runtime.NumGoroutine()), 0o600)
			os.Rename(tmp, filepath.Join(dir, "goroutines"))
		}
	}()
	fmt.Fprintln(os.Stderr, server.Serve(server.Options{Dir: dir, Leash: os.NewFile(3, "leash")}))
	os.Exit(1)
}

// box is a shim with what is needed to start a container of busybox in it.
type box struct {
	*shim.Client
	t    *testing.T
	spec *specs.Spec
	env  *plan.Env
	pid  int

	held     []*os.File // sockets of published ports
	forwards []string

	running sync.Map // of execs that nobody has waited for, by their ids
}

// start starts a shim of its own for the test; it is gone when the test is over.
func start(t *testing.T) *box {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("needs Debian's busybox-static")
	}
	dir, root := t.TempDir(), t.TempDir()
	for _, d := range []string{"bin", "dev", "proc"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sh", "cat", "seq", "sleep", "stty", "yes", "head"} {
		if err := os.WriteFile(filepath.Join(root, "bin", name), program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	leash, theirs := os.NewFile(uintptr(pair[0]), "leash"), os.NewFile(uintptr(pair[1]), "leash")
	defer theirs.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Cmd{Path: self, Args: []string{"test-shim", dir}, Stderr: os.Stderr, ExtraFiles: []*os.File{theirs}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		leash.Close()
		cmd.Process.Kill() // the container dies with the first process that the kernel kills with it, or is killed below
		cmd.Wait()
	})
	if kind, _, err := shim.ReadMessage(leash); kind != shim.KindOK || err != nil {
		t.Fatalf("the shim is not ready: %d, %v", kind, err)
	}
	b := &box{Client: shim.At(dir), t: t, pid: cmd.Process.Pid, env: &plan.Env{Rootfs: plan.Rootfs{Path: root}, Kernel: plan.Kernel{LastCap: 40}}}
	b.spec = &specs.Spec{
		Process: &specs.Process{Cwd: "/", Env: []string{"PATH=/bin"}},
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs"},
			{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"newinstance", "ptmxmode=0666", "mode=0620"}},
		},
		Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.MountNamespace}, {Type: specs.PIDNamespace}}},
	}
	return b
}

// run starts the container with a script of busybox.
func (b *box) run(script string, st shim.Streams) shim.Proc {
	b.t.Helper()
	b.spec.Process.Args, b.spec.Process.Terminal, b.env.OpenStdin = []string{"sh", "-c", script}, st.Terminal, st.Stdin
	b.spec.Process.ConsoleSize = &specs.Box{Height: uint(st.Height), Width: uint(st.Width)}
	p, err := plan.Container(b.spec, b.env)
	if err != nil {
		b.t.Fatal(err)
	}
	proc, err := b.Run(b.t.Context(), &shim.Run{Container: "c1", Plan: p.Encode(), Process: st, Forwards: b.forwards}, b.held)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { unix.Kill(proc.Pid, unix.SIGKILL) }) // runs before the shim is killed
	return proc
}

// exec starts a further process in the container.
func (b *box) exec(id string, st shim.Streams, args ...string) error {
	b.t.Helper()
	process := *b.spec.Process
	process.Args, process.Terminal = args, st.Terminal
	p, err := plan.Exec(b.spec, &process, b.env)
	if err != nil {
		b.t.Fatal(err)
	}
	_, running, err := b.Exec(b.t.Context(), &shim.Exec{ID: id, Plan: p.Encode(), Process: st})
	if err == nil {
		b.running.Store(id, running)
	}
	return err
}

func (b *box) attach(a shim.Attach) *net.UnixConn {
	b.t.Helper()
	conn, err := b.Attach(a)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	return conn
}

func (b *box) wait(id string) shim.Exit {
	b.t.Helper()
	wait := func(ctx context.Context) (shim.Exit, error) { return b.Wait(ctx, id) }
	if running, ok := b.running.LoadAndDelete(id); ok {
		wait = running.(*shim.Running).Wait
	}
	exit, err := wait(b.t.Context())
	if err != nil && id == "" {
		exit, err = shim.LastWords(b.Dir()) // it has ended with its container, before it could be asked
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return exit
}

// lastWords is what the shim leaves on disk of the container's end; once nobody is attached it goes.
func (b *box) lastWords() (exit shim.Exit) {
	b.t.Helper()
	eventually(b.t, "the shim has left its last words", func() bool {
		var err error
		exit, err = shim.LastWords(b.Dir())
		return err == nil
	})
	return exit
}

// descriptors and goroutines are how many the shim has.
func (b *box) descriptors() int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", b.pid))
	if err != nil {
		b.t.Fatal(err)
	}
	return len(entries)
}

func (b *box) goroutines() int {
	b.t.Helper()
	file := filepath.Join(b.Dir(), "goroutines")
	os.Remove(file)
	if err := unix.Kill(b.pid, unix.SIGUSR1); err != nil {
		b.t.Fatal(err)
	}
	n := 0
	eventually(b.t, "the shim counts its goroutines", func() bool {
		data, err := os.ReadFile(file)
		if err == nil {
			_, err = fmt.Sscan(string(data), &n)
		}
		return err == nil
	})
	return n
}

// eventually waits for what the shim does after it has answered.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("this did not come true: %s", what)
		}
	}
}

// unframe takes Docker's stream format apart.
func unframe(t *testing.T, data []byte) (stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	for len(data) > 0 {
		if len(data) < 8 {
			t.Fatalf("a torn frame: %q", data)
		}
		n := int(data[4])<<24 | int(data[5])<<16 | int(data[6])<<8 | int(data[7])
		if len(data) < 8+n {
			t.Fatalf("a frame of %d bytes with %d", n, len(data)-8)
		}
		if data[0] == 1 {
			out.Write(data[8 : 8+n])
		} else {
			errs.Write(data[8 : 8+n])
		}
		data = data[8+n:]
	}
	return out.String(), errs.String()
}
