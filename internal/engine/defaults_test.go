package engine

import (
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"

	"tug/internal/container"
)

func TestDefaultsAreForWhoDoesNotAsk(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	d := Defaults{
		NoNewPrivileges: true, PidsLimit: 100, Log: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m", "tag": "x"}},
		Ulimits: []container.Ulimit{{Name: "nofile", Soft: 10, Hard: 20}, {Name: "core"}},
	}
	for name, c := range map[string]struct{ asked, want container.HostConfig }{
		"nothing": {container.HostConfig{}, container.HostConfig{
			LogConfig: d.Log, SecurityOpt: []string{"no-new-privileges"}, Resources: container.Resources{PidsLimit: n(100), Ulimits: d.Ulimits},
		}},
		"all": {
			container.HostConfig{
				LogConfig: container.LogConfig{Type: "local"}, SecurityOpt: []string{"no-new-privileges=false"},
				Resources: container.Resources{PidsLimit: n(-1), Ulimits: []container.Ulimit{{Name: "core", Soft: 1, Hard: 1}, {Name: "nofile", Soft: 1, Hard: 1}}},
			},
			container.HostConfig{
				LogConfig: container.LogConfig{Type: "local"}, SecurityOpt: []string{"no-new-privileges=false"},
				Resources: container.Resources{PidsLimit: n(-1), Ulimits: []container.Ulimit{{Name: "core", Soft: 1, Hard: 1}, {Name: "nofile", Soft: 1, Hard: 1}}},
			},
		},
		"some": {
			container.HostConfig{
				LogConfig: container.LogConfig{Config: map[string]string{"max-size": "9m"}}, SecurityOpt: []string{"seccomp=unconfined"},
				Resources: container.Resources{Ulimits: []container.Ulimit{{Name: "core", Soft: 1, Hard: 1}}},
			},
			container.HostConfig{
				LogConfig:   container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "9m", "tag": "x"}},
				SecurityOpt: []string{"seccomp=unconfined", "no-new-privileges"},
				Resources:   container.Resources{PidsLimit: n(100), Ulimits: []container.Ulimit{{Name: "core", Soft: 1, Hard: 1}, {Name: "nofile", Soft: 10, Hard: 20}}},
			},
		},
	} {
		d.apply(&c.asked)
		if diff := cmp.Diff(c.want, c.asked); diff != "" {
			t.Errorf("who asks for %s: %s", name, diff)
		}
	}
	if d.Log.Config["max-size"] != "1m" {
		t.Error("the defaults were changed")
	}
	plain := container.HostConfig{}
	(&Defaults{}).apply(&plain)
	if diff := cmp.Diff(container.HostConfig{LogConfig: container.LogConfig{Type: "json-file"}}, plain); diff != "" {
		t.Errorf("without defaults: %s", diff)
	}
}

func TestDefaultsThatNobodyCouldHave(t *testing.T) {
	for name, d := range map[string]Defaults{
		"an unknown ulimit":      {Ulimits: []container.Ulimit{{Name: "nosuch"}}},
		"an unknown logger":      {Log: container.LogConfig{Type: "nosuch"}},
		"an unknown log option":  {Log: container.LogConfig{Config: map[string]string{"nosuch": "1"}}},
		"a negative limit":       {PidsLimit: -1},
		"a profile that is none": {Seccomp: "{"},
	} {
		if err := d.Check(); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Defaults{Seccomp: "unconfined", PidsLimit: 1}).Check(); err != nil {
		t.Error(err)
	}
}
