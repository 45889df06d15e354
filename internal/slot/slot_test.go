package slot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/idmap"
	"tug/internal/shim/server"
	"tug/internal/slot"
)

// TestMain is a shim when a maker has started it as one.
func TestMain(m *testing.M) {
	if os.Args[0] != "tug-shim" {
		os.Exit(m.Run())
	}
	if filepath.Base(filepath.Dir(os.Args[1])) == "broken" {
		fmt.Fprintln(os.Stderr, "this shim is broken")
		os.Exit(1)
	}
	if filepath.Base(filepath.Dir(os.Args[1])) == "hung" {
		time.Sleep(time.Hour)
	}
	base, _ := strconv.ParseUint(os.Args[2], 10, 32)
	leash, _ := strconv.Atoi(os.Args[4])
	unix.CloseOnExec(leash)
	fmt.Fprintln(os.Stderr, server.Serve(server.Options{Dir: os.Args[1], IDBase: uint32(base), Network: os.Args[3] == "1", Leash: os.NewFile(uintptr(leash), "leash")}))
	os.Exit(1)
}

func maker(t *testing.T, name string) *slot.Maker {
	t.Helper()
	return makerOf(t, name, idmap.NewPool(t.Name()))
}

func makerOf(t *testing.T, name string, ids *idmap.Pool) *slot.Maker {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m, err := slot.NewMaker(self, filepath.Join(t.TempDir(), name), ids, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("this did not come true: %s", what)
		}
	}
}

func TestSlotHasWhatItsKindSays(t *testing.T) {
	m := maker(t, "slots")
	for _, k := range []slot.Kind{{}, {UserNS: true}, {Network: true}, {UserNS: true, Network: true}} {
		s, err := m.Make(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		if (s.IDBase != 0) != k.UserNS || (s.NetNS != nil) != k.Network || !s.Alive() {
			t.Errorf("%+v: got %+v", k, s)
		}
		hello, err := s.Shim.Hello(t.Context())
		if err != nil || hello.Container != "" || (hello.UserNS != 0) != k.UserNS || (hello.NetNS != 0) != k.Network {
			t.Errorf("%+v: it says %+v, %v", k, hello, err)
		}
		if k.Network {
			mine, _ := os.Stat("/proc/self/ns/net")
			theirs, err := s.NetNS.Stat()
			if err != nil || os.SameFile(mine, theirs) {
				t.Errorf("%+v: its network namespace is the host's, or %v", k, err)
			}
		}
		s.Discard()
	}
}

// TestShimRunsASealedCopy holds that nobody can change the program that runs while containers do (CVE-2019-5736).
func TestShimRunsASealedCopy(t *testing.T) {
	s, err := maker(t, "slots").Make(t.Context(), slot.Kind{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	exe := fmt.Sprintf("/proc/%d/exe", s.Pid)
	if to, err := os.Readlink(exe); err != nil || !strings.Contains(to, "memfd:tug-shim") {
		t.Errorf("it runs %s, %v", to, err)
	}
	if f, err := os.OpenFile(exe, os.O_WRONLY, 0); err == nil {
		f.Close()
		t.Error("its program can be written to")
	}
	program, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	const all = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if seals, err := unix.FcntlInt(program.Fd(), unix.F_GET_SEALS, 0); err != nil || seals&all != all {
		t.Errorf("seals %#x, %v", seals, err)
	}
}

// TestSocketIsOutOfReach holds that only root reaches a shim, and by no abstract name (CVE-2020-15257).
func TestSocketIsOutOfReach(t *testing.T) {
	s, err := maker(t, "slots").Make(t.Context(), slot.Kind{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	for path, most := range map[string]os.FileMode{filepath.Join(s.Dir, "sock"): 0o600, s.Dir: 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&^most != 0 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	sockets, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/unix", s.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sockets), "@"+s.Dir) || strings.Contains(string(sockets), "@tug") {
		t.Error("it listens on an abstract socket")
	}
}

// TestDiscardedSlotLeavesNothing gives the ids back and ends the shim.
func TestDiscardedSlotLeavesNothing(t *testing.T) {
	ids := idmap.NewPool(t.Name())
	m := makerOf(t, "slots", ids)
	s, err := m.Make(t.Context(), slot.Kind{UserNS: true, Network: true})
	if err != nil {
		t.Fatal(err)
	}
	for base, err := ids.Take(); err == nil; base, err = ids.Take() {
		if base == s.IDBase {
			t.Error("another can have its ids")
		}
	}
	s.Discard()
	if base, err := ids.Take(); err != nil || base != s.IDBase {
		t.Errorf("ids that are free again: %d, %v", base, err)
	}
	if _, err := os.Stat(s.Dir); !os.IsNotExist(err) {
		t.Errorf("its folder: %v", err)
	}
	eventually(t, "the shim is gone", func() bool { return errors.Is(unix.Kill(s.Pid, 0), unix.ESRCH) })
	if dirs, err := m.Folders(); err != nil || len(dirs) > 0 {
		t.Errorf("left: %v, %v", dirs, err)
	}
}

// TestSlotWhoseShimWasKilledIsNotAlive finds that out before a container is put into it.
func TestSlotWhoseShimWasKilledIsNotAlive(t *testing.T) {
	s, err := maker(t, "slots").Make(t.Context(), slot.Kind{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	if err := unix.Kill(s.Pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its leash has ended", func() bool { return !s.Alive() })
}

func TestIDsOfSlotsDoNotOverlap(t *testing.T) {
	m := maker(t, "slots")
	seen := map[uint32]bool{}
	for range 3 {
		s, err := m.Make(t.Context(), slot.Kind{UserNS: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Discard()
		if seen[s.IDBase] || s.IDBase < idmap.First || (s.IDBase-idmap.First)%idmap.Size != 0 {
			t.Errorf("a slot begins at id %d", s.IDBase)
		}
		seen[s.IDBase] = true
	}
}

// TestShimThatDiesIsQuoted tells what a shim that did not come up had to say.
func TestShimThatDiesIsQuoted(t *testing.T) {
	m := maker(t, "broken")
	_, err := m.Make(t.Context(), slot.Kind{})
	if err == nil || !strings.Contains(err.Error(), "this shim is broken") {
		t.Errorf("got %v", err)
	}
	if dirs, _ := m.Folders(); len(dirs) > 0 {
		t.Errorf("left: %v", dirs)
	}
}

func TestIdleShimEndsWithItsDaemon(t *testing.T) {
	s, err := maker(t, "slots").Make(t.Context(), slot.Kind{})
	if err != nil {
		t.Fatal(err)
	}
	s.Used() // lets go of the leash, as the end of the daemon does
	eventually(t, "the shim is gone", func() bool { return errors.Is(unix.Kill(s.Pid, 0), unix.ESRCH) })
	s.Discard()
}

func TestMakeThatIsGivenUp(t *testing.T) {
	m := maker(t, "slots")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := m.Make(ctx, slot.Kind{})
	if err == nil {
		s.Discard() // it was faster
	}
	if dirs, _ := m.Folders(); len(dirs) > 0 {
		t.Errorf("left: %v", dirs)
	}
}

func TestShimThatHangsIsGivenUp(t *testing.T) {
	m := maker(t, "hung")
	m.ReadyWithin(10 * time.Millisecond)
	if s, err := m.Make(t.Context(), slot.Kind{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, %v", s, err)
	}
	if folders, err := m.Folders(); err != nil || len(folders) > 0 {
		t.Errorf("its folder is left: %v, %v", folders, err)
	}
}
