package api

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/logs/logread"
)

func TestLogs(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 60, time.UTC)
	fake := newFake()
	fake.entries = []logread.Entry{
		{Stream: "stdout", Time: at, Line: []byte("one\n")},
		{Stream: "stderr", Time: at, Line: []byte("two\n"), Attrs: map[string]string{"b": "2", "a": "1&"}},
	}
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	request(t, socket, "POST /containers/create?name=term", `{"Image":"x","Tty":true}`)
	for path, want := range map[string]string{
		"/containers/web/logs?stdout=1&stderr=1":                "\x01\x00\x00\x00\x00\x00\x00\x04one\n\x02\x00\x00\x00\x00\x00\x00\x04two\n",
		"/containers/web/logs?stdout=1":                         "\x01\x00\x00\x00\x00\x00\x00\x04one\n",
		"/containers/web/logs?stderr=1&details=1":               "\x02\x00\x00\x00\x00\x00\x00\x0fa=1%26,b=2 two\n",
		"/containers/web/logs?stdout=1&timestamps=1":            "\x01\x00\x00\x00\x00\x00\x00\x232026-01-02T03:04:05.000000060Z one\n",
		"/containers/term/logs?stdout=1&stderr=1":               "one\ntwo\n",
		"/containers/term/logs?stdout=1&follow=1&timestamps=1":  "2026-01-02T03:04:05.000000060Z one\n",
		"/v1.41/containers/web/logs?stdout=1&tail=all&follow=1": "\x01\x00\x00\x00\x00\x00\x00\x04one\n",
	} {
		if got := request(t, socket, "GET "+path, ""); got.status != 200 || got.body != want {
			t.Errorf("%s: got %d %q, want %q", path, got.status, got.body, want)
		}
	}
	request(t, socket, "GET /containers/web/logs?stdout=1&tail=7&since=100&until=200.5", "")
	if got := fake.called[len(fake.called)-1]; got != "logs tail=7 follow=false since=100 until=200" {
		t.Errorf("the engine was asked for %s", got)
	}
}

func TestFollowedLogsComeAsTheyAreWritten(t *testing.T) {
	fake := newFake()
	fake.entries = []logread.Entry{{Stream: "stdout", Line: []byte("now\n")}}
	gone := make(chan struct{})
	fake.logsEnd = func(ctx context.Context) error {
		<-ctx.Done()
		close(gone)
		return ctx.Err()
	}
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x","Tty":true}`)
	resp, err := client(socket).Get("http://tug/containers/web/logs?stdout=1&follow=1")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "now\n" {
		t.Errorf("got %q, %v", got, err)
	}
	resp.Body.Close()
	<-gone // the engine's reader ends with the client
}

func TestFollowedLogsOfNothingAnswerAtOnce(t *testing.T) {
	fake := newFake()
	fake.logsEnd = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	resp, err := client(socket).Get("http://tug/containers/web/logs?stdout=1&follow=1")
	if err != nil {
		t.Fatal(err) // the head has to come although there is no entry
	}
	resp.Body.Close()
}

func TestLogErrors(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/create?name=web", `{"Image":"x"}`)
	fake.logsEnd = func(context.Context) error {
		return fmt.Errorf("configured logging driver does not support reading: %w", errdefs.ErrNotImplemented)
	}
	for _, follow := range []string{"0", "1"} {
		if got := request(t, socket, "GET /containers/web/logs?stdout=1&follow="+follow, ""); got.status != 501 {
			t.Errorf("before the first entry, follow=%s: %d %q", follow, got.status, got.body)
		}
	}
	fake.entries = []logread.Entry{{Stream: "stdout", Line: []byte("one\n")}}
	got := request(t, socket, "GET /containers/web/logs?stdout=1", "")
	if got.status != 200 || !strings.Contains(got.body, "\x03\x00\x00\x00") || !strings.Contains(got.body, "Error grabbing logs: configured") {
		t.Errorf("after it: %d %q", got.status, got.body)
	}
}

func TestALogIsCleared(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	if got := request(t, socket, "POST /tug/containers/web/logs/clear", ""); got.status != 204 || fake.called[0] != "clear the log of web" {
		t.Errorf("%d, and the engine was asked for %s", got.status, fake.called)
	}
}
