package api

import (
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
)

// takeConfig converts the part of a configuration that does not depend on the host.
func takeConfig(c *moby.Config) container.Config {
	out := container.Config{
		Hostname:        c.Hostname,
		Domainname:      c.Domainname,
		User:            c.User,
		AttachStdin:     c.AttachStdin,
		AttachStdout:    c.AttachStdout,
		AttachStderr:    c.AttachStderr,
		Tty:             c.Tty,
		OpenStdin:       c.OpenStdin,
		StdinOnce:       c.StdinOnce,
		Env:             c.Env,
		Cmd:             c.Cmd,
		Entrypoint:      c.Entrypoint,
		Healthcheck:     takeHealthcheck(c.Healthcheck),
		ArgsEscaped:     c.ArgsEscaped,
		Image:           c.Image,
		Volumes:         c.Volumes,
		WorkingDir:      c.WorkingDir,
		NetworkDisabled: c.NetworkDisabled,
		OnBuild:         c.OnBuild,
		Labels:          c.Labels,
		StopSignal:      c.StopSignal,
		StopTimeout:     c.StopTimeout,
		Shell:           c.Shell,
	}
	if len(c.ExposedPorts) > 0 {
		out.ExposedPorts = make(map[string]struct{}, len(c.ExposedPorts))
		for p := range c.ExposedPorts {
			out.ExposedPorts[p.String()] = struct{}{}
		}
	}
	return out
}

func takeHealthcheck(h *dockerspec.HealthcheckConfig) *container.Healthcheck {
	if h == nil {
		return nil
	}
	return &container.Healthcheck{
		Test:          h.Test,
		Interval:      h.Interval,
		Timeout:       h.Timeout,
		StartPeriod:   h.StartPeriod,
		StartInterval: h.StartInterval,
		Retries:       h.Retries,
	}
}
