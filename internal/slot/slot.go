// Package slot makes what a container can be started in without knowing which container it is: a started shim with a
// user and a network namespace. Slots can be made ahead of need; one is never used for a second container.
package slot

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/idmap"
	"tug/internal/shim"
)

// Kind says what a slot has.
type Kind struct {
	UserNS  bool // a user namespace of its own
	Network bool // a network namespace, owned by the user namespace if there is one
	// Owner is the path of another container's user namespace that owns the network namespace instead; "": none.
	Owner string
}

// Slot is a started shim and what it holds. Its fields are not changed once it is made.
type Slot struct {
	ID     string
	Kind   Kind
	Dir    string // the shim's folder
	IDBase uint32 // first id of the user namespace; 0: none
	Pid    int    // of the shim
	NetNS  *os.File
	// Paths are those of the namespaces, in the shim, for who is to join them before the container runs; "": none.
	Paths struct{ User, Net string }
	Shim  *shim.Client
	maker *Maker
	leash *os.File
	shim  *os.Process
}

// Maker makes slots.
type Maker struct {
	dir     string
	program *os.File // a sealed copy of tug-shim
	ids     *idmap.Pool
	log     *slog.Logger
	within  time.Duration // in which a shim has to be ready
}

// readyWithin is how long a shim may take to be ready, on a host that is very busy.
const readyWithin = 30 * time.Second

// NewMaker gives a maker whose shims run a sealed copy of the given program, which nothing can change while containers
// run, and have their folders in dir.
func NewMaker(program, dir string, ids *idmap.Pool, log *slog.Logger) (*Maker, error) {
	sealed, err := seal(program)
	if err != nil {
		return nil, fmt.Errorf("copy the shim %s: %w", program, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Maker{dir: dir, program: sealed, ids: ids, log: log, within: readyWithin}, nil
}

// seal copies a program into memory that can no longer be written to.
func seal(program string) (*os.File, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("tug-shim", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "tug-shim")
	if _, err := f.Write(data); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE); err != nil {
		f.Close()
		return nil, fmt.Errorf("seal: %w", err)
	}
	return f, nil
}

// Make starts a shim and waits until it is ready. Errors: DeadlineExceeded if it is not within half a minute, and ctx's.
func (m *Maker) Make(ctx context.Context, k Kind) (_ *Slot, err error) {
	s := &Slot{ID: newID(), Kind: k, maker: m}
	s.Dir = filepath.Join(m.dir, s.ID)
	s.Shim = shim.At(s.Dir)
	if k.UserNS {
		if s.IDBase, err = m.ids.Take(); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			s.Discard()
		}
	}()
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		return nil, err
	}
	hello, err := s.spawn(ctx)
	if err != nil {
		return nil, fmt.Errorf("start a shim: %w%s", err, lastWords(s.Dir))
	}
	s.Paths.User, s.Paths.Net = s.held(hello.UserNS), s.held(hello.NetNS)
	if k.Network {
		if s.NetNS, err = os.Open(s.Paths.Net); err != nil {
			return nil, fmt.Errorf("open the new network namespace: %w", err)
		}
	}
	return s, nil
}

// held is the path of a descriptor in the shim.
func (s *Slot) held(fd int) string {
	if fd == 0 {
		return ""
	}
	return fmt.Sprintf("/proc/%d/fd/%d", s.Pid, fd)
}

// spawn starts the shim with one end of a socket pair as its leash, on which it says that it is ready.
func (s *Slot) spawn(ctx context.Context) (shim.Hello, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return shim.Hello{}, err
	}
	unix.SetNonblock(pair[0], true)
	s.leash = os.NewFile(uintptr(pair[0]), "leash")
	theirs := os.NewFile(uintptr(pair[1]), "leash")
	defer theirs.Close()
	stderr, err := os.OpenFile(filepath.Join(s.Dir, "stderr"), os.O_WRONLY|os.O_CREATE|os.O_APPEND|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return shim.Hello{}, err
	}
	defer stderr.Close()
	network := "0"
	if s.Kind.Network {
		network = cmp.Or(s.Kind.Owner, "1")
	}
	cmd := exec.Cmd{
		Path:   fmt.Sprintf("/proc/self/fd/%d", s.maker.program.Fd()),
		Args:   []string{"tug-shim", s.Dir, strconv.FormatUint(uint64(s.IDBase), 10), network, "3"},
		Env:    []string{"GOMAXPROCS=1", "GOTRACEBACK=single"},
		Stderr: stderr, ExtraFiles: []*os.File{theirs}, Dir: "/",
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := cmd.Start(); err != nil {
		return shim.Hello{}, err
	}
	s.Pid, s.shim = cmd.Process.Pid, cmd.Process
	go cmd.Wait() // the shim may outlive the daemon; while both live, it is the daemon's child
	theirs.Close()
	ctx, cancel := context.WithTimeout(ctx, s.maker.within)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { s.leash.Close() })
	defer stop()
	kind, body, err := shim.ReadMessage(s.leash)
	if ctx.Err() != nil {
		return shim.Hello{}, fmt.Errorf("wait until it is ready: %w", ctx.Err())
	}
	if err != nil {
		return shim.Hello{}, err
	}
	if kind != shim.KindOK {
		return shim.Hello{}, fmt.Errorf("the shim said %d", kind)
	}
	return shim.DecodeHello(body)
}

// lastWords gives what a shim that died wrote.
func lastWords(dir string) string {
	data, _ := os.ReadFile(filepath.Join(dir, "stderr"))
	if len(data) == 0 {
		return ""
	}
	return ": " + string(data[:min(len(data), 2000)])
}

// CloseNetNS lets go of the network namespace, which the container's processes hold open from now on.
func (s *Slot) CloseNetNS() {
	if s.NetNS != nil {
		s.NetNS.Close()
	}
}

// Alive tells whether the shim of a slot that is not used yet still runs: the kernel closes the leash of one that does not.
func (s *Slot) Alive() bool {
	raw, err := s.leash.SyscallConn()
	if err != nil {
		return false
	}
	var events int
	var failed error
	err = raw.Control(func(fd uintptr) { events, failed = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) })
	return err == nil && failed == nil && events == 0
}

// Discard ends a slot that no container runs in: the shim goes with its leash, the namespaces with the shim.
func (s *Slot) Discard() {
	if s.leash != nil {
		s.leash.Close()
	}
	s.CloseNetNS()
	if s.shim != nil {
		s.shim.Kill()
	}
	s.maker.Forget(s.Dir, s.IDBase)
}

// Used lets go of the leash: a container runs in the slot now, and lives on when the daemon ends.
func (s *Slot) Used() {
	s.leash.Close()
	s.CloseNetNS()
}

// Forget removes what a shim has left whose container has ended, and gives its ids back. The shim may be about to write the
// end down: one file, which is moved once, so that the folder can be found filled again twice.
func (m *Maker) Forget(dir string, idBase uint32) {
	err := os.RemoveAll(dir)
	for i := 0; i < 2 && errors.Is(err, unix.ENOTEMPTY); i++ {
		err = os.RemoveAll(dir)
	}
	if err != nil {
		m.log.Warn("remove the folder of a shim", "folder", dir, "error", err)
	}
	if idBase != 0 {
		m.ids.Release(idBase)
	}
}

// Folders gives the folders of all shims, running or not.
func (m *Maker) Folders() ([]string, error) {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, filepath.Join(m.dir, e.Name()))
		}
	}
	return dirs, nil
}

func newID() string {
	var b [6]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
