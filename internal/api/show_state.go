package api

import (
	"time"

	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"

	"tug/internal/container"
)

// showState converts how a container fares. A paused or restarting one counts as running too, as clients expect.
func showState(s *container.State) *moby.State {
	return &moby.State{
		Status:     moby.ContainerState(s.Status),
		Running:    s.Status == container.Running || s.Status == container.Paused || s.Status == container.Restarting,
		Paused:     s.Status == container.Paused,
		Restarting: s.Status == container.Restarting,
		OOMKilled:  s.OOMKilled,
		Dead:       s.Status == container.Dead,
		Pid:        s.Pid,
		ExitCode:   s.ExitCode,
		Error:      s.Error,
		StartedAt:  timestamp(s.StartedAt),
		FinishedAt: timestamp(s.FinishedAt),
		Health:     showHealth(s.Health),
	}
}

func showHealth(h *container.Health) *moby.Health {
	if h == nil {
		return nil
	}
	out := &moby.Health{Status: moby.HealthStatus(h.Status), FailingStreak: h.FailingStreak, Log: []*moby.HealthcheckResult{}}
	for _, r := range h.Log {
		out.Log = append(out.Log, &moby.HealthcheckResult{Start: r.Start, End: r.End, ExitCode: r.ExitCode, Output: r.Output})
	}
	return out
}

// timestamp is a moment as Docker writes it: in UTC, the year 1 for never.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// showMountPoints converts the mounts of a container. Those of --tmpfs are shown in the host configuration only.
func showMountPoints(r *container.Record) []moby.MountPoint {
	out := make([]moby.MountPoint, 0, len(r.Mounts))
	for _, m := range r.Mounts {
		if _, short := r.Host.Tmpfs[m.Destination]; short && m.Type == string(mount.TypeTmpfs) {
			continue
		}
		out = append(out, moby.MountPoint{
			Type:        mount.Type(m.Type),
			Name:        m.Name,
			Source:      m.Source,
			Destination: m.Destination,
			Driver:      m.Driver,
			Mode:        m.Mode,
			RW:          m.RW,
			Propagation: mount.Propagation(m.Propagation),
		})
	}
	return out
}
