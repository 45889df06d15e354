package engine

import (
	"log/slog"
	"path/filepath"
	"testing"

	"tug/internal/container"
	"tug/internal/state"
)

// shelf is an engine with nothing but containers, by name.
func shelf(t *testing.T, hosts map[string]container.HostConfig) *Engine {
	t.Helper()
	keeper, err := state.OpenVolatile(filepath.Join(t.TempDir(), "containers"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	store, err := container.OpenStore(container.Keepers{Durable: keeper, Volatile: keeper, Health: keeper})
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range hosts {
		if err := store.Add(&container.Record{ID: container.NewID(), Name: name, Host: h}); err != nil {
			t.Fatal(err)
		}
	}
	return &Engine{Options: Options{UserNS: true}, containers: store}
}

// TestWhoHasAUserNamespace tells containers whose root is nobody on the host from those for which that cannot be.
func TestWhoHasAUserNamespace(t *testing.T) {
	e := shelf(t, map[string]container.HostConfig{
		"plain": {NetworkMode: "bridge"}, "privileged": {Privileged: true},
		"joins": {NetworkMode: "container:privileged"}, "far": {PidMode: "container:joins"},
		"one": {NetworkMode: "container:two", IpcMode: "container:two", PidMode: "container:two"}, "two": {NetworkMode: "container:one", IpcMode: "container:one", PidMode: "container:one"},
	})
	for name, c := range map[string]struct {
		host container.HostConfig
		want bool
	}{
		"by default":                    {container.HostConfig{}, true},
		"no network":                    {container.HostConfig{NetworkMode: "none"}, true},
		"asks for the host's":           {container.HostConfig{UsernsMode: "host"}, false},
		"privileged":                    {container.HostConfig{Privileged: true}, false},
		"the host's network":            {container.HostConfig{NetworkMode: "host"}, false},
		"the host's pids":               {container.HostConfig{PidMode: "host"}, false},
		"the host's ipc":                {container.HostConfig{IpcMode: "host"}, false},
		"joins one that has":            {container.HostConfig{NetworkMode: "container:plain"}, true},
		"joins one that has not":        {container.HostConfig{IpcMode: "container:privileged"}, false},
		"joins one that joins such one": {container.HostConfig{IpcMode: "container:far"}, false},
		"joins one that is not there":   {container.HostConfig{NetworkMode: "container:gone"}, true},
		"joins a circle":                {container.HostConfig{NetworkMode: "container:one"}, true},
	} {
		if got := e.isolated(&c.host); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
	e.UserNS = false
	if e.isolated(&container.HostConfig{}) {
		t.Error("the daemon says no")
	}
}
