package api

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"

	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/events"
	"tug/internal/image"
	"tug/internal/logs/logread"
	"tug/internal/network"
	"tug/internal/ociruntime"
)

// What the fake engine knows beside its containers.

func (f *fakeEngine) List() []*container.Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*container.Record
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(f.records))) {
		out = append(out, f.records[id].record.Clone())
	}
	return out
}

func (f *fakeEngine) Details(_ context.Context, r *container.Record) (engine.Details, error) {
	d := engine.Details{
		LogPath: "/var/lib/tug/containers/" + r.ID + "/json.log", HostsPath: "/hosts", HostnamePath: "/hostname", ResolvConfPath: "/resolv.conf",
		Driver: "overlay2", ImageName: r.Config.Image, GraphDriver: map[string]string{"UpperDir": "/upper"},
	}
	if r.IsRunning() {
		d.Endpoints = []network.Endpoint{{
			ID: strings.Repeat("e", 64), NetworkID: strings.Repeat("b", 64), NetworkName: "bridge", Container: r.ID,
			IPv4: netip.MustParsePrefix("172.17.0.2/16"), Gateway4: netip.MustParseAddr("172.17.0.1"),
			MAC: net.HardwareAddr{2, 0x42, 0xac, 0x11, 0, 2},
		}}
	}
	return d, nil
}

func (f *fakeEngine) ClearLogs(_ context.Context, ref string) error {
	return f.log("clear the log of %s", ref)
}

func (f *fakeEngine) Logs(ctx context.Context, _ string, o logread.ReadOptions, fn func(logread.Entry) error) error {
	if err := f.log("logs tail=%d follow=%t since=%d until=%d", o.Tail, o.Follow, o.Since.Unix(), o.Until.Unix()); err != nil {
		return err
	}
	for _, e := range f.entries {
		if e.Stream == "stdout" && !o.Stdout || e.Stream == "stderr" && !o.Stderr {
			continue
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	if f.logsEnd != nil {
		return f.logsEnd(ctx)
	}
	return nil
}

func (f *fakeEngine) Top(_ context.Context, ref, args string) ([]string, [][]string, error) {
	return []string{"PID", "CMD"}, [][]string{{"1", "nginx"}}, f.log("top %s %s", ref, args)
}

func (f *fakeEngine) Update(_ context.Context, ref string, r container.Resources, p *container.RestartPolicy) ([]string, error) {
	f.updated = &r
	return nil, f.log("update %s policy=%v", ref, p)
}

func (f *fakeEngine) ExecCreate(_ context.Context, ref string, c engine.ExecConfig) (string, error) {
	c0, err := f.find(ref)
	if err != nil {
		return "", err
	}
	if !c0.record.IsRunning() {
		return "", fmt.Errorf("container %s is not running: %w", ref, errdefs.ErrConflict)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.execs = append(f.execs, engine.ExecState{ID: fmt.Sprintf("exec%d", len(f.execs)), ContainerID: c0.record.ID, Config: c})
	return f.execs[len(f.execs)-1].ID, nil
}

func (f *fakeEngine) exec(id string) (*engine.ExecState, error) {
	for i := range f.execs {
		if f.execs[i].ID == id {
			return &f.execs[i], nil
		}
	}
	return nil, fmt.Errorf("No such exec instance: %s: %w", id, errdefs.ErrNotFound) //nolint:staticcheck // Docker's words
}

func (f *fakeEngine) ExecStart(_ context.Context, id string, o engine.ExecStartOptions) (*Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, err := f.exec(id)
	if err != nil {
		return nil, err
	}
	code := 0
	if e.Config.Cmd[0] == "missing" {
		code = 127
		e.ExitCode = &code
		return nil, &engine.StartError{Err: fmt.Errorf("OCI runtime exec failed: exec failed: unable to start container process: "+ //nolint:staticcheck // as runc
			`exec: "missing": executable file not found in $PATH: %w`, errdefs.ErrInvalidArgument)}
	}
	if o.Detach {
		return nil, nil
	}
	e.Running = true
	return &Session{TTY: o.Tty, Serve: func(_ context.Context, client engine.Stream) error {
		var out io.Writer = client
		if !o.Tty {
			out = frameWriter{client, 1}
		}
		code := f.running()(client, out)
		f.mu.Lock()
		defer f.mu.Unlock()
		e, _ := f.exec(id)
		e.Running, e.ExitCode = false, &code
		return nil
	}}, nil
}

func (f *fakeEngine) ExecInspect(_ context.Context, id string) (engine.ExecState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, err := f.exec(id)
	if err != nil {
		return engine.ExecState{}, err
	}
	return *e, nil
}

func (f *fakeEngine) ExecResize(_ context.Context, id string, h, w uint16) error {
	return f.log("exec resize %s %d %d", id, h, w)
}

func (f *fakeEngine) Info(context.Context) engine.Info {
	return engine.Info{
		ID: "an-id", Name: "host", Containers: 2, Running: 1, Stopped: 1, Images: 1, Driver: "overlay2", ServerVersion: "1.2.3", NCPU: 2,
		Runtimes: []ociruntime.Runtime{{Name: "tug"}}, DefaultRuntime: "tug", Mirrors: map[string][]string{"docker.io": {"http://127.0.0.1:5000/"}},
		Insecure: []string{"10.0.0.0/8", "reg.example"}, CgroupDriver: "cgroupfs", CgroupVersion: "1",
	}
}

func (f *fakeEngine) Version() engine.Version {
	return engine.Version{Version: "1.2.3", GitCommit: "abc", GoVersion: "go1.26", Arch: "amd64"}
}

func (f *fakeEngine) Images() Images     { return fakeImages{f} }
func (f *fakeEngine) Networks() Networks { return fakeNetworks{f} }

func (f *fakeEngine) RemoveImage(_ context.Context, ref string, o image.RemoveOptions) ([]image.Removed, error) {
	return []image.Removed{{Untagged: ref}, {Deleted: digest.FromString(ref)}}, f.log("remove image %s force=%t noprune=%t%s", ref, o.Force, o.NoPrune, strings.Join(o.Platforms, " "))
}

// fakeNetworks has the default bridge and a network that somebody made.
type fakeNetworks struct{ f *fakeEngine }

func (fakeNetworks) List() []network.Network {
	return []network.Network{
		{
			ID: strings.Repeat("b", 64), Name: "bridge", Driver: "bridge", Scope: "local", Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			Subnets: []network.Subnet{{Subnet: netip.MustParsePrefix("172.17.0.0/16"), Gateway: netip.MustParseAddr("172.17.0.1")}},
		},
		{ID: strings.Repeat("c", 64), Name: "backend", Driver: "bridge", Scope: "local", Labels: map[string]string{"tier": "data"}},
	}
}

func (n fakeNetworks) Get(ref string) (network.Network, error) {
	for _, w := range n.List() {
		if w.Name == ref || strings.HasPrefix(w.ID, ref) {
			return w, nil
		}
	}
	return network.Network{}, errNetworkNotFound(ref)
}

func (n fakeNetworks) Endpoints(id string) []network.Endpoint {
	if id != strings.Repeat("b", 64) {
		return nil
	}
	var out []network.Endpoint
	for _, r := range n.f.List() {
		d, _ := n.f.Details(context.Background(), r)
		out = append(out, d.Endpoints...)
	}
	return out
}

func (n fakeNetworks) Create(_ context.Context, wish network.Network) (network.Network, error) {
	wish.ID = strings.Repeat("d", 64)
	n.f.wished = &wish
	return wish, n.f.log("create network %s", wish.Name)
}

func (n fakeNetworks) Remove(_ context.Context, ref string) error {
	return n.f.log("remove network %s", ref)
}

func (f *fakeEngine) Events() *events.Log { return f.events }

func (f *fakeEngine) PublishPrune(kind string, reclaimed int64) {
	_ = f.log("pruned %s %d", kind, reclaimed)
}
