package engine

import (
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"tug/internal/shim"
)

// attachable is a shim that answers every attach, and says a word to the client.
func attachable(t *testing.T) shimClient {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, _, err := shim.ReadMessage(conn); err == nil {
				shim.WriteMessage(conn, shim.KindOK, nil)
				io.WriteString(conn, "word")
			}
			conn.Close()
		}
	}()
	return shim.At(dir)
}

// waiting is an engine with a client that waits for the container web.
func waiting() (*Engine, *Attached) {
	e := &Engine{log: slog.New(slog.DiscardHandler), runs: map[string]*run{}, waiting: map[string][]*Attached{}}
	return e, e.waits()
}

func (e *Engine) waits() *Attached {
	a := &Attached{engine: e, id: "web", stream: true, conn: make(chan *net.UnixConn, 1)}
	e.waiting["web"] = append(e.waiting["web"], a)
	return a
}

// said gives what a client is told; nothing, if it is let go without having been attached.
func said(t *testing.T, a *Attached) string {
	t.Helper()
	conn, ok := <-a.conn
	if !ok {
		return ""
	}
	defer conn.Close()
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func TestAClientThatComesDuringTheStartIsAttached(t *testing.T) {
	e, early := waiting()
	c := attachable(t)
	e.connectWaiting("web", c)
	late := e.waits()
	e.begun("web", &run{client: c})
	for name, a := range map[string]*Attached{"before the start": early, "during it": late} {
		if got := said(t, a); got != "word" {
			t.Errorf("the client that came %s was told %q", name, got)
		}
	}
	if len(e.waiting) > 0 || e.runs["web"] == nil {
		t.Errorf("waiting %v, running %v", e.waiting, e.runs)
	}
}

func TestAClientThatCannotBeAttachedHoldsNobodyUp(t *testing.T) {
	e, first := waiting()
	second := e.waits()
	e.connectWaiting("web", shim.At(t.TempDir())) // nobody is there
	for _, a := range []*Attached{first, second} {
		if got := said(t, a); got != "" {
			t.Errorf("got %q", got)
		}
	}
}
