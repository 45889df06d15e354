package buildx

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAForwardCarriesBothWaysUntilBothSidesAreThrough(t *testing.T) {
	far, err := net.Listen("unix", filepath.Join(t.TempDir(), "far"))
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	go func() { // answers when it has been told everything
		conn, err := far.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		said, _ := io.ReadAll(conn)
		io.WriteString(conn, strings.ToUpper(string(said)))
	}()
	f, err := newForward(func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", far.Addr().String())
	})
	if err != nil {
		t.Fatal(err)
	}
	near, err := net.Dial("unix", strings.TrimPrefix(f.address(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(near, "hello")
	near.(*net.UnixConn).CloseWrite()
	if answer, err := io.ReadAll(near); err != nil || string(answer) != "HELLO" {
		t.Errorf("%q, %v", answer, err)
	}
	f.close()
	if _, err := os.Stat(f.folder); !os.IsNotExist(err) {
		t.Error("its folder is left:", err)
	}
}

func TestAForwardEndsWithConnectionsOpen(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	f, err := newForward(func(context.Context) (net.Conn, error) { return ours, nil })
	if err != nil {
		t.Fatal(err)
	}
	near, err := net.Dial("unix", strings.TrimPrefix(f.address(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(near, "x")
	theirs.Read(make([]byte, 1)) // so it is carried by now
	f.close()
	if _, err := near.Read(make([]byte, 1)); err == nil {
		t.Error("the connection lives on")
	}
}
