package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"

	"tug/internal/build"
	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/events"
	"tug/internal/frame"
	"tug/internal/logs/logread"
	"tug/internal/network"
)

// fakeEngine keeps containers in memory and runs a Go function as each one's process.
type fakeEngine struct {
	mu      sync.Mutex
	records map[string]*fakeContainer
	created []engine.CreateRequest
	nextID  int

	// process is what runs in every container: it reads stdin to its end, writes output, and gives the exit code.
	process func(stdin io.Reader, out io.Writer) int
	called  []string
	built   *build.Classic // what was to be built last
	// buildFails is what goes wrong with builds.
	buildFails error
	entries    []logread.Entry                 // what logs show
	logsEnd    func(ctx context.Context) error // what happens at their end
	execs      []engine.ExecState
	updated    *container.Resources
	wished     *network.Network
	events     *events.Log
	fail       error // what every use case fails with, if set
}

type fakeContainer struct {
	record  *container.Record
	attach  chan *fakeAttached // those who attached before the start
	ended   chan struct{}
	removed chan struct{}
}

type fakeAttached struct {
	client chan engine.Stream // who attached, once it is known
	done   chan struct{}
}

func newFake() *fakeEngine {
	return &fakeEngine{
		records: map[string]*fakeContainer{},
		events:  events.NewLog(),
		process: func(io.Reader, io.Writer) int { return 0 },
	}
}

// runs says what runs in containers and execs from now on.
func (f *fakeEngine) runs(process func(stdin io.Reader, out io.Writer) int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.process = process
}

func (f *fakeEngine) running() func(io.Reader, io.Writer) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.process
}

// log remembers a call as a line of text and gives the failure that was asked for.
func (f *fakeEngine) log(format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called = append(f.called, fmt.Sprintf(format, args...))
	return f.fail
}

func (f *fakeEngine) find(ref string) (*fakeContainer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, c := range f.records {
		if strings.HasPrefix(id, ref) || c.record.Name == strings.TrimPrefix(ref, "/") {
			return c, nil
		}
	}
	return nil, fmt.Errorf("No such container: %s: %w", ref, errdefs.ErrNotFound) //nolint:staticcheck // Docker's words
}

func (f *fakeEngine) Create(_ context.Context, r engine.CreateRequest) (string, []string, error) {
	if err := f.log("create %s", r.Name); err != nil {
		return "", nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nextID++
	id := fmt.Sprintf("%064x", f.nextID)
	f.created = append(f.created, r)
	f.records[id] = &fakeContainer{
		record: &container.Record{
			ID: id, Name: r.Name, Created: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Config: r.Config, Host: r.Host, Networks: r.Networks,
			State: container.State{Status: container.Created}, ImageID: digest.FromString(strings.Split(r.Config.Image, ":")[0]).String(),
		},
		attach: make(chan *fakeAttached, 8), ended: make(chan struct{}), removed: make(chan struct{}),
	}
	return id, nil, nil
}

func (f *fakeEngine) Plan(_ context.Context, r engine.CreateRequest) (string, error) {
	return "plan of " + r.Config.Image + "\n", f.log("plan %s", r.Name)
}

func (f *fakeEngine) Start(_ context.Context, ref string) error {
	if err := f.log("start"); err != nil {
		return err
	}
	c, err := f.find(ref)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.record.IsRunning() {
		return fmt.Errorf("already started: %w", errdefs.ErrNotModified)
	}
	c.record.State = container.State{Status: container.Running, Pid: 4711, StartedAt: time.Now()}
	go f.run(c, f.process) // what runs from now on is not this container's
	return nil
}

// run is the life of a process.
func (f *fakeEngine) run(c *fakeContainer, process func(stdin io.Reader, out io.Writer) int) {
	var (
		stdin io.Reader = strings.NewReader("")
		out   io.Writer = io.Discard
		joint *fakeAttached
	)
	select {
	case joint = <-c.attach:
		client := <-joint.client
		stdin, out = client, client
		if !c.record.Config.Tty {
			out = frameWriter{client, 1}
		}
	default:
	}
	code := process(stdin, out)
	f.mu.Lock()
	c.record.State.Status, c.record.State.ExitCode, c.record.State.Pid = container.Exited, code, 0
	c.record.State.FinishedAt = time.Now()
	remove := c.record.Host.AutoRemove
	f.mu.Unlock()
	if joint != nil {
		close(joint.done)
	}
	close(c.ended)
	if remove {
		_ = f.Remove(context.Background(), c.record.ID, engine.RemoveOptions{})
	}
}

// frameWriter writes Docker's frames.
type frameWriter struct {
	w      io.Writer
	stream byte
}

func (w frameWriter) Write(p []byte) (int, error) {
	_, err := w.w.Write(frame.Append(nil, w.stream, p))
	return len(p), err
}

func (f *fakeEngine) Attach(_ context.Context, ref string, o engine.AttachOptions) (*Session, error) {
	if err := f.log("attach %+v", o); err != nil {
		return nil, err
	}
	c, err := f.find(ref)
	if err != nil {
		return nil, err
	}
	a := &fakeAttached{make(chan engine.Stream, 1), make(chan struct{})}
	c.attach <- a // a start from now on will not miss it
	return &Session{TTY: c.record.Config.Tty, Serve: func(ctx context.Context, client engine.Stream) error {
		a.client <- client
		select {
		case <-a.done:
		case <-ctx.Done():
		}
		return nil
	}}, nil
}

func (f *fakeEngine) Stop(_ context.Context, ref string, o engine.StopOptions) error {
	seconds := "-"
	if o.Timeout != nil {
		seconds = fmt.Sprint(*o.Timeout)
	}
	return f.log("stop %s signal=%s t=%s", ref, o.Signal, seconds)
}

func (f *fakeEngine) Restart(_ context.Context, ref string, o engine.StopOptions) error {
	return f.log("restart %s", ref)
}

func (f *fakeEngine) Kill(_ context.Context, ref, sig string) error {
	return f.log("kill %s %s", ref, sig)
}
func (f *fakeEngine) Pause(_ context.Context, ref string) error   { return f.log("pause %s", ref) }
func (f *fakeEngine) Unpause(_ context.Context, ref string) error { return f.log("unpause %s", ref) }

func (f *fakeEngine) RemoveLink(_ context.Context, ref, alias string) error {
	return fmt.Errorf("container %s has no link %q: %w", ref, alias, errdefs.ErrNotFound)
}

func (f *fakeEngine) Rename(_ context.Context, ref, name string) error {
	return f.log("rename %s %s", ref, name)
}

func (f *fakeEngine) Resize(_ context.Context, ref string, h, w uint16) error {
	return f.log("resize %s %d %d", ref, h, w)
}

func (f *fakeEngine) Remove(_ context.Context, ref string, o engine.RemoveOptions) error {
	if err := f.log("remove force=%t volumes=%t", o.Force, o.Volumes); err != nil {
		return err
	}
	c, err := f.find(ref)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.records, c.record.ID)
	close(c.removed)
	return nil
}

func (f *fakeEngine) Get(ref string) (*container.Record, error) {
	c, err := f.find(ref)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return c.record.Clone(), nil
}

func (f *fakeEngine) Wait(ctx context.Context, ref string, cond engine.WaitCondition) (<-chan engine.WaitResult, error) {
	if err := f.log("wait %s", cond); err != nil {
		return nil, err
	}
	c, err := f.find(ref)
	if err != nil {
		return nil, err
	}
	results := make(chan engine.WaitResult, 1)
	until := c.ended
	if cond == "removed" {
		until = c.removed
	}
	go func() {
		select {
		case <-until:
			f.mu.Lock()
			results <- engine.WaitResult{ExitCode: c.record.State.ExitCode}
			f.mu.Unlock()
		case <-ctx.Done():
		}
	}()
	return results, nil
}

// serve lets a fake answer on a unix socket and gives the socket's path.
func serve(t *testing.T, e Engine) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "api.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: New(Options{Engine: e, Log: quietLog(), Version: "1.2.3"})}
	go srv.Serve(l) //nolint:errcheck // ends with the test
	t.Cleanup(func() { srv.Close() })
	return socket
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// client is an HTTP client that speaks to a unix socket.
func client(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
}

// Run does what the engine does, out of the fake's own calls.
func (f *fakeEngine) Run(ctx context.Context, r engine.CreateRequest, o *engine.AttachOptions) (*Running, error) {
	id, warnings, err := f.Create(ctx, r)
	if err != nil {
		return nil, err
	}
	run := &Running{ID: id, Warnings: warnings}
	if o != nil {
		if run.Session, err = f.Attach(ctx, id, *o); err != nil {
			return run, err
		}
		if run.Exit, err = f.Wait(ctx, id, engine.WaitNextExit); err != nil {
			return run, err
		}
	}
	return run, f.Start(ctx, id)
}
