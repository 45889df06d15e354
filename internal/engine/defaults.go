package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tug/internal/container"
	"tug/internal/logs/logopt"
	"tug/internal/seccomp"
)

// Defaults are what a container gets that does not ask for something else. The zero value is Docker's defaults.
type Defaults struct {
	NoNewPrivileges bool
	Ulimits         []container.Ulimit
	Log             container.LogConfig // "": json-file
	PidsLimit       int64               // processes; 0: no limit
	Seccomp         string              // "": the built-in profile; "unconfined"; else a profile as JSON
}

// Check finds what no container could be given. Errors: InvalidArgument.
func (d *Defaults) Check() error {
	if err := checkUlimits(d.Ulimits); err != nil {
		return fmt.Errorf("default ulimits: %w", err)
	}
	if err := logopt.Validate(d.logType(), d.Log.Config); err != nil {
		return fmt.Errorf("default log options: %w", err)
	}
	if d.PidsLimit < 0 {
		return invalid("default limit of processes %d: it is a number from 1, or 0 for none", d.PidsLimit)
	}
	if d.Seccomp != "" && d.Seccomp != seccompNone {
		if _, err := seccomp.Load([]byte(d.Seccomp), nil); err != nil {
			return fmt.Errorf("default seccomp profile: %w", err)
		}
	}
	return nil
}

func (d *Defaults) logType() string {
	if d.Log.Type == "" {
		return "json-file"
	}
	return d.Log.Type
}

// apply gives a new container what it did not ask for. What it was given it keeps, whatever the defaults are later.
func (d *Defaults) apply(h *container.HostConfig) {
	if h.LogConfig.Type == "" || h.LogConfig.Type == d.logType() {
		h.LogConfig.Type = d.logType()
		options := maps.Clone(d.Log.Config)
		if options == nil {
			options = h.LogConfig.Config
		} else {
			maps.Copy(options, h.LogConfig.Config)
		}
		h.LogConfig.Config = options
	}
	for _, u := range d.Ulimits {
		if !slices.ContainsFunc(h.Ulimits, func(own container.Ulimit) bool { return strings.EqualFold(own.Name, u.Name) }) {
			h.Ulimits = append(slices.Clip(h.Ulimits), u)
		}
	}
	if d.PidsLimit > 0 && h.PidsLimit == nil {
		limit := d.PidsLimit
		h.PidsLimit = &limit
	}
	if d.NoNewPrivileges && !slices.ContainsFunc(h.SecurityOpt, func(o string) bool { return strings.HasPrefix(o, "no-new-privileges") }) {
		h.SecurityOpt = append(slices.Clip(h.SecurityOpt), "no-new-privileges")
	}
}

// shown tells of the defaults among the security options in Docker's form.
func (d *Defaults) shown() []string {
	profile := "custom"
	switch d.Seccomp {
	case "":
		profile = seccompBuiltin
	case seccompNone:
		profile = seccompNone
	}
	list := []string{"name=seccomp,profile=" + profile}
	if d.NoNewPrivileges {
		list = append(list, "name=no-new-privileges")
	}
	return list
}
