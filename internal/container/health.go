package container

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/containerd/errdefs"
)

// The states of a container's health.
const (
	HealthStarting  = "starting" // no check has succeeded yet
	HealthHealthy   = "healthy"
	HealthUnhealthy = "unhealthy" // as many checks have failed in a row as are allowed, or the container has ended
)

// What an unsaid setting of a health check means (Docker's).
const (
	checkInterval      = 30 * time.Second
	checkTimeout       = 30 * time.Second
	checkStartInterval = 5 * time.Second
	checkRetries       = 3

	// keepResults is how many results of health checks are kept.
	keepResults = 5
	// shortestCheck is the least that a duration of a health check may be.
	shortestCheck = time.Millisecond
)

// Validate tells whether the settings make sense. Errors: InvalidArgument.
func (h *Healthcheck) Validate() error {
	if h == nil {
		return nil
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"Interval", h.Interval}, {"Timeout", h.Timeout}, {"StartPeriod", h.StartPeriod}, {"StartInterval", h.StartInterval}} {
		if d.value != 0 && d.value < shortestCheck {
			return fmt.Errorf("%s in Healthcheck cannot be less than %s: %w", d.name, shortestCheck, errdefs.ErrInvalidArgument)
		}
	}
	if h.Retries < 0 {
		return fmt.Errorf("Retries in Healthcheck cannot be negative: %w", errdefs.ErrInvalidArgument) //nolint:staticcheck // Docker's words
	}
	return nil
}

// CheckTest tells whether Test is one that can be made, or none. Errors: InvalidArgument.
func (h *Healthcheck) CheckTest() error {
	if h == nil || len(h.Test) == 0 {
		return nil
	}
	switch kind, rest := h.Test[0], h.Test[1:]; {
	case kind != "NONE" && kind != "CMD" && kind != "CMD-SHELL":
		return fmt.Errorf("unknown type %q in Healthcheck.Test: it begins with CMD, CMD-SHELL or NONE: %w", kind, errdefs.ErrInvalidArgument)
	case kind == "NONE" && len(rest) > 0:
		return fmt.Errorf("Healthcheck.Test has words after NONE, which stands for no check: leave them out, or begin with CMD: %w", errdefs.ErrInvalidArgument)
	case kind != "NONE" && len(rest) == 0:
		return fmt.Errorf("Healthcheck.Test has no command after %s: say it, or NONE for no check: %w", kind, errdefs.ErrInvalidArgument)
	}
	return nil
}

// Command is what tests the container's health, with the shell that is to run it if it is a line for one; nothing if its
// health is not tested.
func (h *Healthcheck) Command(shell []string) []string {
	if h == nil || len(h.Test) < 2 {
		return nil
	}
	switch h.Test[0] {
	case "CMD":
		return h.Test[1:]
	case "CMD-SHELL":
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		return slices.Concat(shell, h.Test[1:])
	}
	return nil
}

// Limit is how long a check may take.
func (h *Healthcheck) Limit() time.Duration { return cmp.Or(h.Timeout, checkTimeout) }

// Wait is how long after a check, or after the start, the next one comes, in a container that is of a status and started
// so long ago.
func (h *Healthcheck) Wait(status string, runs time.Duration) time.Duration {
	if status == HealthStarting && runs < h.StartPeriod {
		return cmp.Or(h.StartInterval, checkStartInterval)
	}
	return cmp.Or(h.Interval, checkInterval)
}

// Begin is a container's health when it starts. The results of the run before stay.
func (h *Health) Begin() *Health {
	begun := &Health{Status: HealthStarting}
	if h != nil {
		begun.Log = h.Log
	}
	return begun
}

// End is a container's health once it has ended.
func (h *Health) End() *Health {
	if h == nil {
		return nil
	}
	ended := *h
	ended.Status = HealthUnhealthy
	return &ended
}

// Next is a container's health after one more check. A failure does not count until the container has started: within its start
// period, as long as no check has succeeded.
func (h *Health) Next(c *Healthcheck, started time.Time, result HealthResult) *Health {
	next := &Health{Status: h.Status, FailingStreak: h.FailingStreak, Log: append(slices.Clone(h.Log), result)}
	if extra := len(next.Log) - keepResults; extra > 0 {
		next.Log = slices.Clone(next.Log[extra:])
	}
	switch {
	case result.ExitCode == 0:
		next.Status, next.FailingStreak = HealthHealthy, 0
	case h.Status == HealthStarting && result.Start.Sub(started) < c.StartPeriod:
	default:
		next.FailingStreak++
		if next.FailingStreak >= cmp.Or(c.Retries, checkRetries) {
			next.Status = HealthUnhealthy
		}
	}
	return next
}

// HealthAction is what happens to a container that becomes unhealthy.
type HealthAction string

// What may happen to a container that becomes unhealthy.
const (
	ActNone    HealthAction = "none"
	ActRestart HealthAction = "restart"
	ActStop    HealthAction = "stop"
)

// HealthActionKey is the annotation that says it. It is none of the labels, for an image may have those.
const HealthActionKey = "tug.health-action"

// HealthAction is what happens to the container when it becomes unhealthy. Errors: InvalidArgument.
func (h *HostConfig) HealthAction() (HealthAction, error) {
	switch a := HealthAction(h.Annotations[HealthActionKey]); a {
	case "", ActNone:
		return ActNone, nil
	case ActRestart, ActStop:
		return a, nil
	default:
		return ActNone, fmt.Errorf("invalid health action %q (annotation %s): must be one of restart, stop, none: %w", a, HealthActionKey, errdefs.ErrInvalidArgument)
	}
}
