package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/build"
	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/frame"
	"tug/internal/ociruntime"
	"tug/internal/plan"
	"tug/internal/shim"
	"tug/internal/undo"
)

// stepRunner runs the steps of builds: each is a container like any other, but for where its files lie, and that it ends with the daemon.
type stepRunner struct {
	*Engine

	mu      sync.Mutex // guards running
	running map[string]*liveStep
}

// liveStep is a step whose process runs.
type liveStep struct {
	step   *build.Step
	record *container.Record
	client shimClient
	pid    int
	idBase uint32
	group  *cgroup.Group
}

var errStopping = fmt.Errorf("the daemon is stopping: %w", errdefs.ErrUnavailable)

// Run implements build.Runner.
func (b *stepRunner) Run(ctx context.Context, s *build.Step, streams build.Streams, started func()) (exit build.Exit, err error) {
	leave, err := b.enter()
	if err != nil {
		return exit, err
	}
	defer leave()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.life, func() { cancel(errStopping) })()
	r, err := b.stepRecord(s)
	if err != nil {
		return exit, err
	}
	stubs := findStubs(s)
	defer func() { stubs.remove(b.log) }() // once nothing of the step runs any more
	defer b.forgetVolatile(s)
	var undo undo.Stack // all of it is undone in the end
	over := false
	defer func() {
		if over { // what is left of the step runs no more: the next one need not wait for its removal
			b.work.Go(undo.Run)
		} else {
			undo.Run()
		}
	}()
	defer b.slots.wake()
	live, conn, err := b.launchStep(ctx, r, s, streams, &undo)
	if err != nil {
		return exit, err
	}
	b.note(live)
	defer b.forget(live)
	started()
	talk := converse(ctx, conn, live.client, "", s.Terminal, streams)
	ended := b.awaitStep(ctx, live)
	talk()
	if cause := context.Cause(ctx); cause != nil {
		return exit, cause
	}
	over = true
	return build.Exit{Code: ended.Code, OOM: ended.OOM}, nil
}

// launchStep starts the process of a step, with a connection to its streams.
func (b *stepRunner) launchStep(ctx context.Context, r *container.Record, s *build.Step, streams build.Streams, undo *undo.Stack) (*liveStep, *net.UnixConn, error) {
	berth, err := b.slots.take(ctx, b.wants(r))
	if err != nil {
		return nil, nil, err
	}
	undo.Add(func() { b.slots.discard(berth) })
	undo.Add(func() { b.throwAway(r.ID) })
	if err := makeStepFolder(b.dir(r.ID), s.Root); err != nil {
		return nil, nil, err
	}
	r.Config.OpenStdin = streams.Stdin != nil
	group := b.cgroups.Open(b.cgroupParent(r), r.ID)
	p, err := b.prepareStep(r, s, berth.IDBase, group)
	if err != nil {
		return nil, nil, err
	}
	if err := giveUnmapped(s.Mounts, p, unmappedAt); err != nil {
		return nil, nil, err
	}
	grouped := async(func() error {
		_, err := b.cgroups.Create(b.cgroupParent(r), r.ID, p.spec.Linux.Resources)
		return err
	})
	undo.Add(func() {
		if grouped() == nil {
			b.endGroup(group)
		}
	})
	endpoints, err := b.connect(ctx, r, berth, undo)
	if err != nil {
		return nil, nil, err
	}
	if err := b.writeFiles(r, endpoints); err != nil {
		return nil, nil, err
	}
	compiled, _, err := b.compile(r, p, ociruntime.Places{})
	if err != nil {
		return nil, nil, err
	}
	conn, err := berth.Shim.Attach(shim.Attach{Stdin: streams.Stdin != nil, Stdout: true, Stderr: true})
	if err != nil {
		return nil, nil, err
	}
	undo.Add(func() { conn.Close() })
	if err := grouped(); err != nil {
		return nil, nil, err
	}
	proc, err := berth.Shim.Run(ctx, &shim.Run{
		Container: r.ID, Plan: compiled.Encode(), OOMFile: group.OOMFile(), Leashed: true,
		Process: shim.Streams{Terminal: s.Terminal, Stdin: streams.Stdin != nil, StdinOnce: true},
	}, nil)
	if err != nil {
		return nil, nil, b.stepError(ctx, err, r)
	}
	for _, w := range proc.Warnings {
		fmt.Fprintln(orDiscard(cmp.Or(streams.Stderr, streams.Stdout)), "tug: "+w)
	}
	return &liveStep{step: s, record: r, client: berth.Shim, pid: proc.Pid, idBase: berth.IDBase, group: group}, conn, nil
}

// stepError gives the words for a step whose process could not be started.
func (b *stepRunner) stepError(ctx context.Context, err error, r *container.Record) error {
	f := new(shim.Failure)
	if !errors.As(err, &f) {
		return err
	}
	return b.execError(ctx, "cannot start it: ", f, r, r.Config.WorkingDir, r.Path)
}

// awaitStep waits until the process of a step has ended, which may be before anybody could ask; it is killed when ctx ends.
func (b *stepRunner) awaitStep(ctx context.Context, live *liveStep) shim.Exit {
	defer context.AfterFunc(ctx, func() { b.killGroup(live.group) })()
	exit, err := live.client.Wait(context.WithoutCancel(ctx), "")
	if err != nil {
		exit = b.afterShim(live.client, live.group, err)
	}
	return exit
}

// forgetVolatile has the folder that a step has written in be one like others: BuildKit may go on with it.
func (b *stepRunner) forgetVolatile(s *build.Step) {
	if s.Root.Work == "" {
		return
	}
	if err := plan.ForgetVolatile(s.Root.Work); err != nil {
		b.log.Warn("tidy up after a build's step", "folder", s.Root.Work, "error", err)
	}
}

func (b *stepRunner) note(live *liveStep) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running[live.step.ID] = live
}

func (b *stepRunner) forget(live *liveStep) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, live.step.ID)
}

// converse carries a process's streams, sizes and signals. What it returns waits until all output is there.
func converse(ctx context.Context, conn *net.UnixConn, client shimClient, id string, terminal bool, s build.Streams) (wait func()) {
	ctx, cancel := context.WithCancel(ctx)
	if s.Stdin != nil {
		go func() { // which may wait for its client for ever: it ends with that
			_, _ = io.Copy(conn, s.Stdin)
			_ = conn.CloseWrite()
		}()
	}
	var controls sync.WaitGroup
	controls.Go(func() { steer(ctx, client, id, s) })
	output := make(chan struct{})
	go func() {
		defer close(output)
		if terminal {
			_, _ = io.Copy(orDiscard(s.Stdout), conn)
			return
		}
		_, _ = io.Copy(&frame.Contents{To: orDiscard(s.Stdout), Errors: orDiscard(s.Stderr)}, conn)
	}()
	return func() {
		select {
		case <-output:
		case <-ctx.Done(): // it was killed, and nobody listens
			conn.Close()
			<-output
		}
		cancel()
		controls.Wait()
	}
}

// steer passes sizes and signals on until ctx ends.
func steer(ctx context.Context, client shimClient, id string, s build.Streams) {
	for {
		select {
		case <-ctx.Done():
			return
		case size, ok := <-s.Sizes:
			if !ok {
				s.Sizes = nil
				continue
			}
			_ = client.Resize(ctx, id, size.Height, size.Width) // it may just have ended
		case sig, ok := <-s.Signals:
			if !ok {
				s.Signals = nil
				continue
			}
			_ = client.Signal(ctx, id, unix.Signal(sig))
		}
	}
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
