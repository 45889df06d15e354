package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"tug/internal/shim"
)

// numbers is what seq(1) prints up to n.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, i+1)
	}
	return b.String()
}

// TestAttachBeforeRunLosesNothing attaches many clients to a container that is not there yet: each gets every byte.
func TestAttachBeforeRunLosesNothing(t *testing.T) {
	b := start(t)
	const clients, lines = 8, 30000
	got := make([]string, clients)
	var readers sync.WaitGroup
	for i := range clients {
		conn := b.attach(shim.Attach{Stdout: true, Stderr: i%2 == 0})
		readers.Go(func() {
			data, err := io.ReadAll(conn)
			if err != nil {
				t.Error(err)
			}
			out, errs := unframe(t, data)
			got[i] = out + errs
		})
	}
	b.run(fmt.Sprintf("seq %d; echo end >&2", lines), shim.Streams{})
	readers.Wait()
	for i, text := range got {
		want := numbers(lines)
		if i%2 == 0 {
			want += "end\n"
		}
		if text != want {
			t.Errorf("client %d got %d bytes, want %d", i, len(text), len(want))
		}
	}
}

// TestAttachWhileItRuns gives what comes from then on, and lets the container be when the client goes.
func TestAttachWhileItRuns(t *testing.T) {
	b := start(t)
	first := b.attach(shim.Attach{Stdin: true, Stdout: true})
	b.run("cat", shim.Streams{Stdin: true})
	second := b.attach(shim.Attach{Stdin: true, Stdout: true})
	for _, turn := range []struct {
		from io.Writer
		text string
	}{{first, "one\n"}, {second, "two\n"}} {
		if _, err := io.WriteString(turn.from, turn.text); err != nil {
			t.Fatal(err)
		}
		frame := make([]byte, 8+len(turn.text))
		if _, err := io.ReadFull(second, frame); err != nil || string(frame[8:]) != turn.text {
			t.Fatalf("got %q, %v", frame, err)
		}
	}
	first.Close()
	second.CloseWrite() // without StdinOnce the input stays open
	if err := b.Signal(t.Context(), "", unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := b.lastWords(); exit.Code != 137 {
		t.Errorf("exit code %d", exit.Code)
	}
}

// TestEndOfInput lets a program see the end of its input while its output is still read.
func TestEndOfInput(t *testing.T) {
	b := start(t)
	conn := b.attach(shim.Attach{Stdin: true, Stdout: true})
	b.run("cat; echo over; exit 4", shim.Streams{Stdin: true, StdinOnce: true})
	text := strings.Repeat("0123456789", 20000)
	go func() {
		io.WriteString(conn, text)
		conn.CloseWrite()
	}()
	data, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := unframe(t, data); out != text+"over\n" {
		t.Errorf("got %d bytes, want %d", len(out), len(text)+5)
	}
	if exit := b.lastWords(); exit.Code != 4 {
		t.Errorf("exit code %d", exit.Code)
	}
}

// TestClientThatNeverReads does not keep a container from ending, nor its end from being told, nor loses the output.
func TestClientThatNeverReads(t *testing.T) {
	b := start(t)
	conn := b.attach(shim.Attach{Stdout: true})
	b.run("yes | head -c 4000000 & sleep 1000", shim.Streams{})
	if err := b.Signal(t.Context(), "", unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := b.wait(""); exit.Code != 137 {
		t.Errorf("exit code %d", exit.Code)
	}
	data, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := unframe(t, data); out != strings.Repeat("y\n", len(out)/2) {
		t.Error("what was read late is not what was written")
	}
}

// TestSlowClientLosesNothing reads only when the container has ended.
func TestSlowClientLosesNothing(t *testing.T) {
	b := start(t)
	conn := b.attach(shim.Attach{Stdout: true})
	const size = 200_000 // bytes: more than the socket holds
	b.run(fmt.Sprintf("yes | head -c %d", size), shim.Streams{})
	ended := make(chan shim.Exit)
	go func() { ended <- b.wait("") }()
	head := make([]byte, 100_000) // so that the container can write the rest and end
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	<-ended
	data, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := unframe(t, append(head, data...)); len(out) != size {
		t.Errorf("got %d bytes of %d", len(out), size)
	}
}

func TestTerminal(t *testing.T) {
	b := start(t)
	conn := b.attach(shim.Attach{Stdin: true, Stdout: true})
	b.run("stty size; read line; stty size; echo got $line", shim.Streams{Terminal: true, Height: 24, Width: 80, Stdin: true})
	size := make([]byte, len("24 80\r\n"))
	if _, err := io.ReadFull(conn, size); err != nil || string(size) != "24 80\r\n" {
		t.Fatalf("got %q, %v", size, err)
	}
	if err := b.Resize(t.Context(), "", 50, 132); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "hello\n")
	rest, err := io.ReadAll(conn)
	if err != nil || string(rest) != "hello\r\n50 132\r\ngot hello\r\n" {
		t.Errorf("got %q, %v", rest, err)
	}
}

// TestWaitBeforeAndAfterTheEnd gives both the same answer, and leaves it on disk for a daemon that comes later.
func TestWaitBeforeAndAfterTheEnd(t *testing.T) {
	b := start(t)
	hold := b.attach(shim.Attach{Stdin: true, Stdout: true}) // a client keeps the shim
	b.run("read line; exit 9", shim.Streams{Stdin: true})
	early := make(chan shim.Exit, 1)
	go func() { early <- b.wait("") }()
	io.WriteString(hold, "go\n")
	before := <-early
	if before.Code != 9 || before.At.IsZero() {
		t.Errorf("got %+v", before)
	}
	if last := b.lastWords(); last != before {
		t.Errorf("it left %+v, and told %+v", last, before)
	}
}

// TestTheEndOfAnExecIsToldThoughItsContainerHasEnded, to who asks for it only when the shim takes no connections any more.
func TestTheEndOfAnExecIsToldThoughItsContainerHasEnded(t *testing.T) {
	b := start(t)
	hold := b.attach(shim.Attach{Stdin: true})
	b.run("read line", shim.Streams{Stdin: true})
	over := b.attach(shim.Attach{ID: "x", Stdout: true})
	if err := b.exec("x", shim.Streams{}, "sh", "-c", "exit 3"); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, over)
	io.WriteString(hold, "go\n")
	io.Copy(io.Discard, hold)
	hold.Close()
	b.lastWords()
	if err := os.Remove(filepath.Join(b.Dir(), "sock")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if exit := b.wait("x"); exit.Code != 3 {
		t.Errorf("exit code %d", exit.Code)
	}
}

// TestAnExecThatNobodyWaitsForIsNotForgotten: a daemon that comes later may ask.
func TestAnExecThatNobodyWaitsForIsNotForgotten(t *testing.T) {
	b := start(t)
	b.run("sleep 1000", shim.Streams{})
	over := b.attach(shim.Attach{ID: "x", Stdin: true, Stdout: true})
	ctx, gone := context.WithCancel(t.Context())
	if err := b.exec("x", shim.Streams{Stdin: true}, "sh", "-c", "read line; exit 4"); err != nil {
		t.Fatal(err)
	}
	running, _ := b.running.LoadAndDelete("x")
	gone()
	if _, err := running.(*shim.Running).Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	io.WriteString(over, "go\n")
	io.Copy(io.Discard, over)
	if exit := b.wait("x"); exit.Code != 4 {
		t.Errorf("exit code %d", exit.Code)
	}
}

func TestExecOfMissingProgram(t *testing.T) {
	b := start(t)
	b.run("sleep 1000", shim.Streams{})
	conn := b.attach(shim.Attach{ID: "x", Stdout: true})
	err := b.exec("x", shim.Streams{}, "nothere")
	if !errors.Is(err, unix.ENOENT) || err.Error() != "exec nothere: no such file or directory" {
		t.Errorf("got %v", err)
	}
	if data, err := io.ReadAll(conn); len(data) > 0 || err != nil {
		t.Errorf("its client got %q, %v", data, err)
	}
	if _, err := b.Wait(t.Context(), "x"); err == nil {
		t.Error("a process that never was can be waited for")
	}
}

// TestExecsAtOnce starts many processes at the same time, each with its own output and exit code.
func TestExecsAtOnce(t *testing.T) {
	b := start(t)
	b.run("sleep 1000", shim.Streams{})
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			id := fmt.Sprint("x", i)
			conn := b.attach(shim.Attach{ID: id, Stdout: true, Stderr: true})
			if err := b.exec(id, shim.Streams{Terminal: i%3 == 0}, "sh", "-c", fmt.Sprintf("echo I am %d; exit %d", i, i)); err != nil {
				t.Error(err)
				return
			}
			data, err := io.ReadAll(conn)
			want := fmt.Sprintf("I am %d\n", i)
			out := strings.ReplaceAll(string(data), "\r", "")
			if i%3 != 0 {
				out, _ = unframe(t, data)
			}
			if err != nil || out != want {
				t.Errorf("exec %d: got %q, %v", i, data, err)
			}
			if exit := b.wait(id); exit.Code != i {
				t.Errorf("exec %d: exit code %d", i, exit.Code)
			}
		})
	}
	all.Wait()
}

// TestThousandExecsLeaveNothing counts what the shim holds: processes that ran, that could not be started and that were
// attached to leave no descriptor and no goroutine (CVE-2022-31030, CVE-2025-64329).
func TestThousandExecsLeaveNothing(t *testing.T) {
	b := start(t)
	b.run("sleep 1000", shim.Streams{})
	once := func(id string) {
		conn := b.attach(shim.Attach{ID: id, Stdout: true})
		if err := b.exec(id, shim.Streams{}, "sh", "-c", "echo x"); err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, conn)
		conn.Close()
		b.wait(id)
		quiet := b.attach(shim.Attach{Stdout: true, Stdin: true}) // to the container, which says nothing
		quiet.Close()
		gone := b.attach(shim.Attach{ID: "missing" + id, Stdout: true})
		if b.exec("missing"+id, shim.Streams{}, "nothere") == nil {
			t.Fatal("a missing program was started")
		}
		gone.Close()
	}
	once("warm")
	settled := func() (int, int) { return b.descriptors(), b.goroutines() }
	fds, routines := settled()
	for i := range 1000 {
		once(fmt.Sprint(i))
	}
	var f, r int
	eventually(t, "descriptors and goroutines are as many as before", func() bool {
		f, r = settled()
		return f <= fds && r <= routines
	})
	t.Logf("descriptors %d then %d, goroutines %d then %d", fds, f, routines, r)
}

// TestClientsOfAProcessThatNeverComes are forgotten when they go.
func TestClientsOfAProcessThatNeverComes(t *testing.T) {
	b := start(t)
	b.run("sleep 1000", shim.Streams{})
	b.attach(shim.Attach{ID: "warm", Stdout: true}).Close()
	before := b.descriptors()
	for range 20 {
		conn := b.attach(shim.Attach{ID: "never", Stdin: true, Stdout: true})
		defer conn.Close()
		io.WriteString(conn, "unread")
		conn.CloseWrite()
		conn.Close()
	}
	eventually(t, "descriptors are as many as before", func() bool { return b.descriptors() <= before })
}

func TestSecondContainerIsRefused(t *testing.T) {
	b := start(t)
	b.run("sleep 1000", shim.Streams{})
	_, err := b.Run(t.Context(), &shim.Run{Container: "c2"}, nil)
	if err == nil || !strings.Contains(err.Error(), "already has container c1") {
		t.Errorf("got %v", err)
	}
	hello, err := b.Hello(t.Context())
	if err != nil || hello.Container != "c1" || hello.Pid == 0 || hello.Exited {
		t.Errorf("got %+v, %v", hello, err)
	}
}

// TestShimWhoseContainerCannotBeStartedEnds says why, and leaves nothing that a second try would find taken.
func TestShimWhoseContainerCannotBeStartedEnds(t *testing.T) {
	b := start(t)
	conn := b.attach(shim.Attach{Stdout: true})
	_, err := b.Run(t.Context(), &shim.Run{Container: "c1", Plan: []byte("no plan")}, nil)
	if f := new(shim.Failure); !errors.As(err, &f) {
		t.Errorf("got %v", err)
	}
	if data, err := io.ReadAll(conn); err == nil && len(data) > 0 {
		t.Errorf("who was attached got %q", data)
	}
	eventually(t, "the shim has ended", func() bool {
		_, err := b.Hello(t.Context())
		return err != nil
	})
}
