package shim

import (
	"bytes"
	"errors"
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A shim that has more callers than its backlog holds lives: the next one waits for his turn.
func TestACallWaitsForAFullBacklog(t *testing.T) {
	dir := t.TempDir()
	sock := filepath.Join(dir, "sock")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: sock}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	full := 0
	for ; ; full++ {
		conn, err := net.Dial("unix", sock)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	told := make(chan error, 1)
	go func() {
		_, err := At(dir).Hello(t.Context())
		told <- err
	}()
	for range full {
		other, _, err := unix.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(other)
	}
	nfd, _, err := unix.Accept(fd)
	if err != nil {
		t.Fatal(err)
	}
	h := Hello{Version: Version, Container: "web"}
	answer := frame(t, KindOK, h.Encode())
	if _, err := unix.Write(nfd, answer); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err != nil {
		t.Error(err)
	}
	unix.Close(nfd)
}

func TestACallToAShimThatIsGoneFailsAtOnce(t *testing.T) {
	if _, err := At(t.TempDir()).Hello(t.Context()); !errors.Is(err, unix.ENOENT) {
		t.Errorf("got %v", err)
	}
}

// frame is a message as it goes over the socket.
func frame(t *testing.T, kind byte, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteMessage(&b, kind, body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
