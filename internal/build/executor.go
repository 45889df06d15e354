package build

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/executor"
	resourcestypes "github.com/moby/buildkit/executor/resources/types"
	gatewayapi "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"

	"tug/internal/stepplace"
)

// steps are BuildKit's executor: it has each step run as a container by the engine.
type steps struct {
	runner Runner
	layers *layers
	uppers uppers
	log    *slog.Logger

	mu      sync.Mutex // guards what follows
	running map[string]*runningStep
}

// runningStep is a step that BuildKit may ask for more processes in.
type runningStep struct {
	id      string
	started chan struct{} // closed when it runs
	ended   chan struct{}
}

// hostname is that of a step that asks for none: the same everywhere, for it may get into what the step makes.
const hostname = "buildkitsandbox"

// Run implements executor.Executor.
func (s *steps) Run(ctx context.Context, id string, root executor.Mount, mounts []executor.Mount, process executor.ProcessInfo, started chan<- struct{}) (resourcestypes.Recorder, error) {
	tell := sync.OnceFunc(func() {
		if started != nil {
			close(started)
		}
	})
	defer tell()
	step, err := s.newStep(&process.Meta)
	if err != nil {
		return nil, err
	}
	var used uses
	defer used.release(s.log)
	if step.Root, step.ReadonlyRoot, err = s.root(ctx, &used, root); err != nil {
		return nil, err
	}
	step.ReadonlyRoot = step.ReadonlyRoot || process.Meta.ReadonlyRootFS
	if step.Mounts, err = s.mounts(ctx, &used, mounts); err != nil {
		return nil, err
	}
	give, err := s.uppers.hold(ctx, settleUppers(step.Mounts))
	if err != nil {
		return nil, err
	}
	defer give()
	run := &runningStep{id: step.ID, started: make(chan struct{}), ended: make(chan struct{})}
	if id != "" {
		defer s.note(id, run)()
	}
	talk, quiet := context.WithCancel(ctx)
	defer quiet()
	exit, err := s.runner.Run(ctx, step, streams(talk, &process), func() {
		close(run.started)
		tell()
	})
	return nil, ended(ctx, exit, err, process.Meta.ValidExitCodes)
}

// Exec implements executor.Executor.
func (s *steps) Exec(ctx context.Context, id string, process executor.ProcessInfo) error {
	s.mu.Lock()
	run := s.running[id]
	s.mu.Unlock()
	if run == nil {
		return fmt.Errorf("container %s does not run: %w", id, errdefs.ErrNotFound)
	}
	select {
	case <-run.started:
	case <-run.ended:
		return fmt.Errorf("container %s has ended: %w", id, errdefs.ErrNotFound)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	p := processOf(&process.Meta)
	talk, quiet := context.WithCancel(ctx)
	defer quiet()
	exit, err := s.runner.Exec(ctx, run.id, &p, streams(talk, &process))
	return ended(ctx, exit, err, process.Meta.ValidExitCodes)
}

// note makes a step known under BuildKit's name for it until forget is called.
func (s *steps) note(id string, run *runningStep) (forget func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[id] = run
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(run.ended)
		delete(s.running, id)
	}
}

// newStep takes what BuildKit says of a step. Errors: NotImplemented, InvalidArgument.
func (s *steps) newStep(m *executor.Meta) (*Step, error) {
	var id [32]byte
	rand.Read(id[:])
	step := &Step{
		ID: hex.EncodeToString(id[:]), Process: processOf(m), Hostname: m.Hostname, Insecure: m.SecurityMode == pb.SecurityMode_INSECURE,
		TidyParents: m.RemoveMountStubsRecursive,
	}
	if step.Hostname == "" {
		step.Hostname = hostname
	}
	var err error
	if step.Network, step.CgroupParent, err = stepplace.Parse(m.CgroupParent); err != nil {
		return nil, err
	}
	switch m.NetMode {
	case pb.NetMode_HOST:
		step.Network = "host"
	case pb.NetMode_NONE:
		step.Network = "none"
	case pb.NetMode_UNSET:
	default:
		return nil, fmt.Errorf("network mode %s of a step: %w", m.NetMode, errdefs.ErrNotImplemented)
	}
	if m.Proxy != nil {
		return nil, fmt.Errorf("a proxy for the network of a step: %w", errdefs.ErrNotImplemented)
	}
	if len(m.CDIDevices) > 0 {
		return nil, fmt.Errorf("RUN --device: devices by CDI are not given to steps of builds: %w", errdefs.ErrNotImplemented)
	}
	for _, h := range m.ExtraHosts {
		step.ExtraHosts = append(step.ExtraHosts, h.Host+":"+h.IP.String())
	}
	for _, u := range m.Ulimit {
		step.Ulimits = append(step.Ulimits, Ulimit{u.Name, u.Soft, u.Hard})
	}
	if r := m.LinuxResources; r != nil {
		step.Limits = Limits{
			Memory: r.Memory, MemorySwap: r.MemorySwap, CPUShares: int64(r.CpuShares), CPUPeriod: int64(r.CpuPeriod), CPUQuota: r.CpuQuota,
			CpusetCpus: r.CpusetCpus, CpusetMems: r.CpusetMems,
		}
	}
	return step, nil
}

func processOf(m *executor.Meta) Process {
	return Process{Args: m.Args, Env: m.Env, User: m.User, Dir: m.Cwd, Terminal: m.Tty}
}

// streams are a process's streams as the engine takes them, until ctx ends.
func streams(ctx context.Context, p *executor.ProcessInfo) Streams {
	s := Streams{Signals: p.Signal}
	if p.Stdin != nil {
		s.Stdin = p.Stdin
	}
	if p.Stdout != nil {
		s.Stdout = p.Stdout
	}
	if p.Stderr != nil {
		s.Stderr = p.Stderr
	}
	if p.Resize != nil {
		sizes := make(chan Size)
		s.Sizes = sizes
		go passSizes(ctx, sizes, p.Resize)
	}
	return s
}

func passSizes(ctx context.Context, to chan<- Size, from <-chan executor.WinSize) {
	defer close(to)
	for {
		select {
		case r, ok := <-from:
			if !ok {
				return
			}
			select {
			case to <- Size{int(r.Rows), int(r.Cols)}:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

var errOOM = errors.New("the kernel has killed it for lack of memory")

// ended tells BuildKit how a process has ended.
func ended(ctx context.Context, exit Exit, err error, valid []int) error {
	if cause := context.Cause(ctx); cause != nil {
		return &gatewayapi.ExitError{ExitCode: uint32(gatewayapi.UnknownExitStatus), Err: cause}
	}
	if err != nil {
		return err
	}
	if exit.Code == 0 && valid == nil || slices.Contains(valid, exit.Code) {
		return nil
	}
	failed := &gatewayapi.ExitError{ExitCode: uint32(exit.Code)}
	if exit.OOM {
		failed.Err = errOOM
	}
	return failed
}
