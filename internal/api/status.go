package api

import (
	"fmt"
	"time"

	"github.com/docker/go-units"

	"tug/internal/container"
)

// statusLine says how a container fares in Docker's words, as people read it and as scripts compare it: "Up 5 minutes (healthy)".
func statusLine(s *container.State, now time.Time) string {
	since := func(t time.Time) string { return units.HumanDuration(now.Sub(t)) }
	switch s.Status {
	case container.Running:
		if h := s.Health; h != nil && h.Status == "starting" {
			return fmt.Sprintf("Up %s (health: starting)", since(s.StartedAt))
		} else if h != nil && h.Status != "" {
			return fmt.Sprintf("Up %s (%s)", since(s.StartedAt), h.Status)
		}
		return "Up " + since(s.StartedAt)
	case container.Paused:
		return fmt.Sprintf("Up %s (Paused)", since(s.StartedAt))
	case container.Restarting:
		return fmt.Sprintf("Restarting (%d) %s ago", s.ExitCode, since(s.FinishedAt))
	case container.Removing:
		return "Removal In Progress"
	case container.Dead:
		return "Dead"
	case container.Created:
		return "Created"
	}
	if s.FinishedAt.IsZero() {
		return ""
	}
	return fmt.Sprintf("Exited (%d) %s ago", s.ExitCode, since(s.FinishedAt))
}
