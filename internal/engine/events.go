package engine

import (
	"maps"
	"strconv"
	"strings"
	"syscall"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/network"
	"tug/internal/volume"
)

// Events is the log of what has happened, for who wants to follow it.
func (e *Engine) Events() *events.Log { return e.happened }

// publish tells of something that has happened to a container. Its attributes are the container's labels, name and image,
// and those that are given, as key, value, key, value.
func (e *Engine) publish(r *container.Record, action string, attributes ...string) {
	a := withLabels(r.Config.Labels, attributes)
	if r.Config.Image != "" {
		a["image"] = r.Config.Image
	}
	a["name"] = r.Name
	e.happened.Publish(events.Event{Type: events.Container, Action: action, ActorID: r.ID, Attributes: a})
}

// publishDie tells of the end of a container.
func (e *Engine) publishDie(r *container.Record) {
	seconds := max(0, int(r.State.FinishedAt.Sub(r.State.StartedAt).Seconds()))
	e.publish(r, events.Die, "exitCode", strconv.Itoa(r.State.ExitCode), "execDuration", strconv.Itoa(seconds))
}

// publishKill tells that a signal is sent to a container. It comes before the signal, so that it precedes what that brings about.
func (e *Engine) publishKill(r *container.Record, sig syscall.Signal) {
	e.publish(r, events.Kill, "signal", strconv.Itoa(int(sig)))
}

// publishExec tells of a further process in a container: the action's words are followed by the command, as Docker writes it.
func (e *Engine) publishExec(r *container.Record, action string, x *execution) {
	program, args := x.config.Cmd[0], x.config.Cmd[1:]
	e.publish(r, action+": "+program+" "+strings.Join(args, " "), "execID", x.id)
}

// publishVolume tells of something that has happened to a volume.
func (e *Engine) publishVolume(v *volume.Volume, action string, attributes ...string) {
	a := withLabels(nil, attributes)
	a["driver"] = v.Driver
	e.happened.Publish(events.Event{Type: events.Volume, Action: action, ActorID: v.Name, Attributes: a})
}

// publishMounts tells that a container's volumes were mounted, or unmounted.
func (e *Engine) publishMounts(r *container.Record, action string) {
	for _, m := range r.Mounts {
		if m.Type != "volume" {
			continue
		}
		v := volume.Volume{Name: m.Name, Driver: m.Driver}
		if action == events.Unmount {
			e.publishVolume(&v, action, "container", r.ID)
		} else {
			e.publishVolume(&v, action, "container", r.ID, "destination", m.Destination, "read/write", strconv.FormatBool(m.RW), "propagation", m.Propagation)
		}
	}
}

// publishNetwork tells of something that has happened to a network.
func (e *Engine) publishNetwork(n *network.Network, action string, attributes ...string) {
	a := withLabels(nil, attributes)
	a["name"], a["type"] = n.Name, n.Driver
	e.happened.Publish(events.Event{Type: events.Network, Action: action, ActorID: n.ID, Attributes: a})
}

// PublishPrune tells that what was not needed of a kind (events.Image, ...) was removed, and how many bytes that freed.
func (e *Engine) PublishPrune(kind string, reclaimed int64) {
	e.happened.Publish(events.Event{Type: kind, Action: events.Prune, Attributes: map[string]string{"reclaimed": strconv.FormatInt(reclaimed, 10)}})
}

// withLabels joins labels and what is given as key, value, key, value.
func withLabels(labels map[string]string, pairs []string) map[string]string {
	out := make(map[string]string, len(labels)+len(pairs)/2+2)
	maps.Copy(out, labels)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}
