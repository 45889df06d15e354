package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/frame"
	"tug/internal/logs/logread"
	"tug/internal/shim"
)

// shimClient is the daemon's side of a shim.
type shimClient = *shim.Client

// Attached is a client's session with a process: a connection to its shim, at once or as soon as it starts.
type Attached struct {
	TTY    bool
	want   shim.Attach
	keys   []byte // that detach
	engine *Engine
	id     string // of the container, whose log is shown first if logs is set
	logs   bool
	stream bool
	since  time.Time          // what came later is in the stream, and not shown from the log; zero: there is no stream
	conn   chan *net.UnixConn // gives one connection, or is closed if the process will not start
	ended  <-chan struct{}    // closed once the end of an exec is recorded; nil: not an exec
}

// Attach prepares a session with the container's first process. It may come before Start, and then misses no output.
// Errors: NotFound, Conflict (paused, restarting), InvalidArgument.
func (e *Engine) Attach(_ context.Context, ref string, o AttachOptions) (*Attached, error) {
	r, err := e.containers.Get(ref)
	if err != nil {
		return nil, err
	}
	switch r.State.Status {
	case container.Paused:
		return nil, fmt.Errorf("container %s is paused, unpause the container before attach: %w", r.ID, errConflict)
	case container.Restarting:
		return nil, fmt.Errorf("container %s is restarting, wait until the container is running: %w", r.ID, errConflict)
	}
	keys, err := detachKeys(o.DetachKeys)
	if err != nil {
		return nil, err
	}
	a := &Attached{
		TTY: r.Config.Tty, keys: keys, engine: e, id: r.ID, logs: o.Logs, stream: o.Stream, conn: make(chan *net.UnixConn, 1),
		want: shim.Attach{Stdin: o.Stdin && r.Config.OpenStdin, Stdout: o.Stdout, Stderr: o.Stderr},
	}
	e.publish(r, events.Attach)
	if !o.Stream {
		close(a.conn)
		return a, nil
	}
	e.mu.Lock()
	run, running := e.runs[r.ID]
	if !running {
		e.waiting[r.ID] = append(e.waiting[r.ID], a)
	}
	e.mu.Unlock()
	if running {
		err = a.connect(run.client)
	}
	a.since = time.Now()
	return a, err
}

// connect attaches to the process in the shim and hands the connection to Serve.
func (a *Attached) connect(c shimClient) error {
	conn, err := c.Attach(a.want)
	if err != nil {
		close(a.conn)
		return err
	}
	a.conn <- conn
	return nil
}

// connectWaiting attaches the clients that wait for a container, before it is started. A client that cannot be attached is
// let go and holds up neither the others nor the start.
func (e *Engine) connectWaiting(id string, c shimClient) {
	e.mu.Lock()
	list := e.takeWaiting(id)
	e.mu.Unlock()
	e.connectAll(id, list, c)
}

// begun makes a run known, and attaches the clients that came while it was being started.
func (e *Engine) begun(id string, run *run) {
	e.mu.Lock()
	e.runs[id] = run // from here on clients connect by themselves
	late := e.takeWaiting(id)
	e.mu.Unlock()
	e.connectAll(id, late, run.client)
}

// takeWaiting gives the clients that wait for a container; the caller holds the engine's lock.
func (e *Engine) takeWaiting(id string) []*Attached {
	list := e.waiting[id]
	delete(e.waiting, id)
	return list
}

func (e *Engine) connectAll(id string, list []*Attached, c shimClient) {
	for _, a := range list {
		if err := a.connect(c); err != nil {
			e.log.Warn("attach a client", "container", id, "error", err)
		}
	}
}

// dropWaiting tells the clients that wait for a container that it will not start.
func (e *Engine) dropWaiting(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.takeWaiting(id) {
		close(a.conn)
	}
}

// Leave ends a session that nobody serves: it waits no longer, and its connection is closed.
func (a *Attached) Leave() {
	e := a.engine
	e.mu.Lock()
	list := e.waiting[a.id]
	at := slices.Index(list, a)
	if at >= 0 {
		e.waiting[a.id] = slices.Delete(list, at, at+1)
	}
	if len(e.waiting[a.id]) == 0 {
		delete(e.waiting, a.id)
	}
	e.mu.Unlock()
	if at >= 0 {
		return
	}
	if conn, ok := <-a.conn; ok { // it is there, or on its way
		conn.Close()
	}
}

// Serve copies both ways until the process has ended, the client is gone, ctx ends, or the detach keys are typed
// (ErrDetached). When the client ends its side, so does the process's standard input.
func (a *Attached) Serve(ctx context.Context, client Stream) error {
	if a.logs {
		if err := a.showLog(ctx, client); err != nil {
			return err
		}
	}
	if !a.stream {
		return client.CloseWrite()
	}
	var conn *net.UnixConn
	select {
	case c, ok := <-a.conn:
		if !ok {
			return client.CloseWrite()
		}
		conn = c
	case <-ctx.Done():
		a.Leave()
		return ctx.Err()
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	input := make(chan error, 1)
	go func() { input <- a.input(conn, client) }()
	output := make(chan error, 1)
	go func() {
		_, err := io.Copy(client, conn)
		output <- err
	}()
	for {
		select {
		case err := <-input:
			if errors.Is(err, ErrDetached) {
				a.publishDetached()
				return err
			}
			input = nil
		case <-output:
			a.awaitEnd(ctx)
			return client.CloseWrite()
		}
	}
}

// publishDetached tells that the client has typed its detach keys.
func (a *Attached) publishDetached() {
	r, err := a.engine.containers.Get(a.id)
	switch {
	case err != nil: // it was removed meanwhile
	case a.want.ID != "":
		a.engine.publish(r, events.ExecDetach, "execID", a.want.ID)
	default:
		a.engine.publish(r, events.Detach)
	}
}

// awaitEnd waits until the end of an exec is recorded, so that a client which asks for its exit code after the last byte
// of output is told it.
func (a *Attached) awaitEnd(ctx context.Context) {
	if a.ended == nil {
		return
	}
	select {
	case <-a.ended:
	case <-ctx.Done():
	}
}

// input copies what the client types to the process, and looks for the detach keys.
func (a *Attached) input(conn *net.UnixConn, client io.Reader) error {
	var err error
	if len(a.keys) > 0 && a.TTY && a.want.Stdin {
		err = copyUntil(conn, client, a.keys)
	} else {
		_, err = io.Copy(conn, client)
	}
	if errors.Is(err, ErrDetached) {
		return err
	}
	return conn.CloseWrite()
}

// showLog writes what the container has put out so far.
func (a *Attached) showLog(ctx context.Context, client io.Writer) error {
	return a.engine.Logs(ctx, a.id, logread.ReadOptions{Tail: -1, Until: a.since, Stdout: a.want.Stdout, Stderr: a.want.Stderr}, func(entry logread.Entry) error {
		if a.TTY {
			_, err := client.Write(entry.Line)
			return err
		}
		_, err := client.Write(frame.Append(nil, frame.Of(entry.Stream), entry.Line))
		return err
	})
}
