package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/docker/go-units"

	"tug/internal/container"
	"tug/internal/engine"
)

// defaults are the settings for containers that do not ask for something else, under dockerd's names.
type defaults struct {
	NoNewPrivileges bool     `json:"no-new-privileges"`
	Ulimits         ulimits  `json:"default-ulimits"`
	LogDriver       string   `json:"log-driver"`
	LogOptions      settings `json:"log-opts"`
	PidsLimit       int64    `json:"default-pids-limit"`
	SeccompProfile  string   `json:"seccomp-profile"`

	given engine.Defaults // what complete made of them
}

func (d *defaults) flags(f *flag.FlagSet) {
	f.BoolVar(&d.NoNewPrivileges, "no-new-privileges", false, "containers' processes gain no rights by setuid programs, unless they ask for it")
	f.Var(&d.Ulimits, "default-ulimit", "limit of containers that ask for no other, `NAME=SOFT[:HARD]`; may be repeated")
	f.StringVar(&d.LogDriver, "log-driver", "", "`DRIVER` of containers' logs: json-file, local or none (default json-file)")
	f.Var(&d.LogOptions, "log-opt", "option of containers' logs, `NAME=VALUE`; may be repeated")
	f.Int64Var(&d.PidsLimit, "default-pids-limit", 0, "most processes of a container that asks for no other limit; 0: no limit")
	f.StringVar(&d.SeccompProfile, "seccomp-profile", "", "`FILE` of the seccomp profile of containers that ask for no other, or builtin or unconfined")
}

// complete reads the profile and checks all.
func (d *defaults) complete() error {
	d.given = engine.Defaults{
		NoNewPrivileges: d.NoNewPrivileges, PidsLimit: d.PidsLimit, Log: container.LogConfig{Type: d.LogDriver, Config: d.LogOptions},
	}
	for _, name := range slices.Sorted(maps.Keys(d.Ulimits)) {
		u := d.Ulimits[name]
		d.given.Ulimits = append(d.given.Ulimits, container.Ulimit{Name: name, Soft: u.Soft, Hard: u.Hard})
	}
	switch d.SeccompProfile {
	case "", "builtin":
	case "unconfined":
		d.given.Seccomp = d.SeccompProfile
	default:
		profile, err := os.ReadFile(d.SeccompProfile)
		if err != nil {
			return fmt.Errorf("--seccomp-profile: %w", err)
		}
		d.given.Seccomp = string(profile)
	}
	return nil
}

// ulimits is a flag for limits by their names.
type ulimits map[string]units.Ulimit

func (u *ulimits) String() string { return "" }

func (u *ulimits) Set(text string) error {
	limit, err := units.ParseUlimit(text)
	if err != nil {
		return err
	}
	if *u == nil {
		*u = ulimits{}
	}
	(*u)[limit.Name] = *limit
	return nil
}

// settings is a flag for values by their names.
type settings map[string]string

func (s *settings) String() string { return "" }

func (s *settings) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q is not like NAME=VALUE", text)
	}
	if *s == nil {
		*s = settings{}
	}
	(*s)[name] = value
	return nil
}
