package shim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Client speaks to one shim.
type Client struct{ dir string }

// At gives the client of the shim in a folder. It connects only when something is asked.
func At(dir string) *Client { return &Client{dir} }

// Dir is the shim's folder.
func (c *Client) Dir() string { return c.dir }

// dial connects to the shim. It goes on trying, until ctx ends, while that fails for a reason that says nothing of the
// shim: its backlog is full, or the host is short of something. Whoever is told that a shim is gone ends its container.
func (c *Client) dial(ctx context.Context) (*net.UnixConn, error) {
	for {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(c.dir, "sock"), Net: "unix"})
		switch {
		case err == nil:
			return conn, nil
		case !passing(err):
			return nil, fmt.Errorf("reach the shim: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("reach the shim: %w: %w", ctx.Err(), err)
		case <-time.After(redialAfter):
		}
	}
}

const (
	redialAfter = 5 * time.Millisecond
	// dialTimeout bounds what has no context of its own.
	dialTimeout = 5 * time.Second
)

// passing tells whether a connection failed for a reason that passes.
func passing(err error) bool {
	for _, e := range []error{unix.EAGAIN, unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// call sends a request and waits for the answer, or until ctx ends.
func (c *Client) call(ctx context.Context, kind byte, body []byte, files ...*os.File) ([]byte, error) {
	conn, answer, err := c.ask(ctx, kind, body, files)
	if err == nil {
		conn.Close()
	}
	return answer, err
}

// ask sends a request, waits for the answer, or until ctx ends, and gives the connection, on which more may come.
func (c *Client) ask(ctx context.Context, kind byte, body []byte, files []*os.File) (*net.UnixConn, []byte, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	answer, err := await(ctx, conn, func() ([]byte, error) {
		if err := send(conn, kind, body, files); err != nil {
			return nil, err
		}
		return receive(conn)
	})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, answer, nil
}

// await does what waits for the other side of a connection. If ctx ends first, so does the connection.
func await(ctx context.Context, conn *net.UnixConn, do func() ([]byte, error)) ([]byte, error) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	answer, err := do()
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return answer, err
}

func send(conn *net.UnixConn, kind byte, body []byte, files []*os.File) error {
	if len(files) == 0 {
		return WriteMessage(conn, kind, body)
	}
	var message bytes.Buffer
	if err := WriteMessage(&message, kind, body); err != nil {
		return err
	}
	for some := range slices.Chunk(files, maxFDs) { // each with a byte of the message
		fds := make([]int, len(some))
		for i, f := range some {
			fds[i] = int(f.Fd())
		}
		if _, _, err := conn.WriteMsgUnix(message.Next(1), syscall.UnixRights(fds...), nil); err != nil {
			return fmt.Errorf("hand sockets to the shim: %w", err)
		}
	}
	_, err := conn.Write(message.Bytes())
	return err
}

// maxFDs is how many descriptors the kernel takes at once (SCM_MAX_FD).
const maxFDs = 253

func receive(conn *net.UnixConn) ([]byte, error) {
	kind, body, err := ReadMessage(conn)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the shim went away: %w", err)
	case kind == KindFail:
		return nil, decodeFailure(body)
	case kind != KindOK:
		return nil, fmt.Errorf("the shim answered with a message of kind %d", kind)
	}
	return body, nil
}

// Hello asks the shim who it is.
func (c *Client) Hello(ctx context.Context) (Hello, error) {
	body, err := c.call(ctx, KindHello, nil)
	if err != nil {
		return Hello{}, err
	}
	return DecodeHello(body)
}

// Gone tells whether a call failed because no shim is there to answer. One that answers something unexpected is there.
func Gone(err error) bool {
	for _, gone := range []error{syscall.ECONNREFUSED, syscall.ENOENT, syscall.ECONNRESET, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// Run starts the container; the shim keeps copies of the files open as long as it runs. Errors: *Failure.
func (c *Client) Run(ctx context.Context, r *Run, hold []*os.File) (Proc, error) {
	body, err := c.call(ctx, KindRun, r.Encode(), hold...)
	if err != nil {
		return Proc{}, err
	}
	return DecodeProc(body)
}

// Exec starts one more process in the container, whose end the caller waits for. Errors: *Failure.
func (c *Client) Exec(ctx context.Context, x *Exec) (Proc, *Running, error) {
	conn, body, err := c.ask(ctx, KindExec, x.Encode(), nil)
	if err != nil {
		return Proc{}, nil, err
	}
	p, err := DecodeProc(body)
	if err != nil {
		conn.Close()
		return Proc{}, nil, err
	}
	return p, &Running{c, x.ID, conn}, nil
}

// Running is a process that was started. Its shim tells of its end on the connection that asked for it: the container may end right after
// it, and its shim with it, before anybody could connect again.
type Running struct {
	client *Client
	id     string
	conn   *net.UnixConn
}

// Wait waits until the process has ended and its output is read. It is called once.
func (r *Running) Wait(ctx context.Context) (Exit, error) {
	defer r.conn.Close()
	body, err := await(ctx, r.conn, func() ([]byte, error) { return receive(r.conn) })
	switch {
	case err == nil:
		return DecodeExit(body)
	case Gone(err): // also what a shim of before does, which tells only those who ask
		return r.client.Wait(ctx, r.id)
	}
	return Exit{}, err
}

// Attach gives a connection with the streams of a process, which need not be started yet.
func (c *Client) Attach(a Attach) (*net.UnixConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err = WriteMessage(conn, KindAttach, a.Encode()); err == nil {
		_, err = receive(conn)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Wait waits until the process has ended and its output is read.
func (c *Client) Wait(ctx context.Context, id string) (Exit, error) {
	body, err := c.call(ctx, KindWait, EncodeOf(id))
	if err != nil {
		return Exit{}, err
	}
	return DecodeExit(body)
}

// Signal sends a signal to a process of the container.
func (c *Client) Signal(ctx context.Context, id string, sig syscall.Signal) error {
	_, err := c.call(ctx, KindSignal, EncodeOf(id, int(sig)))
	return err
}

// Resize sets the size of a process's terminal.
func (c *Client) Resize(ctx context.Context, id string, height, width int) error {
	_, err := c.call(ctx, KindResize, EncodeOf(id, height, width))
	return err
}

// Quit ends the shim, and with it nothing else: its processes are no longer waited for.
func (c *Client) Quit(ctx context.Context) error {
	_, err := c.call(ctx, KindQuit, nil)
	return err
}

// Kill ends a shim that does not answer.
func (c *Client) Kill() error {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) { peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("find the shim's process: %w", err)
	}
	return unix.Kill(int(peer.Pid), unix.SIGKILL)
}

// ErrNoExit tells that a shim has left no word of how its container ended.
var ErrNoExit = errors.New("the shim was killed before its container ended")

// LastWords gives how the container ended as a shim that is gone has left it on disk. Errors: ErrNoExit.
func LastWords(dir string) (Exit, error) {
	data, err := os.ReadFile(filepath.Join(dir, "exit"))
	if err != nil {
		return Exit{}, ErrNoExit
	}
	f := strings.Fields(string(data))
	if len(f) != 3 {
		return Exit{}, ErrNoExit
	}
	code, err1 := strconv.Atoi(f[0])
	ns, err2 := strconv.ParseInt(f[1], 10, 64)
	if err1 != nil || err2 != nil {
		return Exit{}, ErrNoExit
	}
	return Exit{Code: code, At: time.Unix(0, ns).UTC(), OOM: f[2] == "true"}, nil
}
