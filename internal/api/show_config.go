package api

import (
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"tug/internal/container"
)

// showConfig converts the part of a configuration that does not depend on the host. What clients iterate over is never null,
// but for a command, where null says that there is none.
func showConfig(c *container.Config) *moby.Config {
	out := &moby.Config{
		Hostname:        c.Hostname,
		Domainname:      c.Domainname,
		User:            c.User,
		AttachStdin:     c.AttachStdin,
		AttachStdout:    c.AttachStdout,
		AttachStderr:    c.AttachStderr,
		ExposedPorts:    showPortSet(c.ExposedPorts),
		Tty:             c.Tty,
		OpenStdin:       c.OpenStdin,
		StdinOnce:       c.StdinOnce,
		Env:             list(c.Env),
		Cmd:             c.Cmd,
		Healthcheck:     showHealthcheck(c.Healthcheck),
		ArgsEscaped:     c.ArgsEscaped,
		Image:           c.Image,
		Volumes:         c.Volumes,
		WorkingDir:      c.WorkingDir,
		Entrypoint:      c.Entrypoint,
		NetworkDisabled: c.NetworkDisabled,
		OnBuild:         c.OnBuild,
		Labels:          c.Labels,
		StopSignal:      c.StopSignal,
		StopTimeout:     c.StopTimeout,
		Shell:           c.Shell,
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	if len(out.Volumes) == 0 {
		out.Volumes = nil
	}
	return out
}

func showHealthcheck(h *container.Healthcheck) *dockerspec.HealthcheckConfig {
	if h == nil {
		return nil
	}
	return &dockerspec.HealthcheckConfig{
		Test:          h.Test,
		Interval:      h.Interval,
		Timeout:       h.Timeout,
		StartPeriod:   h.StartPeriod,
		StartInterval: h.StartInterval,
		Retries:       h.Retries,
	}
}

// showPortSet converts ports, each of a range by itself. An image may have any text for a port; what is none is left out.
func showPortSet(in map[string]struct{}) network.PortSet {
	if len(in) == 0 {
		return nil
	}
	out := make(network.PortSet, len(in))
	for s := range in {
		ports, err := network.ParsePortRange(s)
		if err != nil {
			continue
		}
		for p := range ports.All() {
			out[p] = struct{}{}
		}
	}
	return out
}

// list is a list that is never null in JSON.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
