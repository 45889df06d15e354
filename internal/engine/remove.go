package engine

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"golang.org/x/sys/unix"

	"tug/internal/container"
	"tug/internal/events"
)

// Remove removes a container with its writable layer and its log, and with its anonymous volumes if asked; one that is
// running or about to start again only by force. Errors: NotFound, Conflict (running, restarting).
func (e *Engine) Remove(ctx context.Context, ref string, o RemoveOptions) error {
	leave, err := e.enter()
	if err != nil {
		return err
	}
	defer leave()
	r, release, err := e.containers.Claim(ctx, ref) // so that nobody starts it again meanwhile
	if err != nil {
		return err
	}
	defer release()
	if alive(r) || r.State.Status == container.Restarting {
		if !o.Force && r.State.Status == container.Paused {
			return fmt.Errorf("cannot remove container %q: container is paused and must be unpaused first: %w", ref, errConflict)
		}
		if !o.Force {
			return fmt.Errorf("cannot remove container %q: container is %s: stop the container before removing or force remove: %w", r.Name, r.State.Status, errConflict)
		}
		if err := e.endForRemoval(r); err != nil {
			return err
		}
		if r.Host.AutoRemove {
			return nil // it went with its end
		}
	}
	return e.discard(r, o.Volumes)
}

func (e *Engine) endForRemoval(r *container.Record) error {
	if _, err := e.containers.Change(r.ID, stopByHand); err != nil {
		return err
	}
	run, ok := e.run(r.ID)
	if !ok {
		return nil
	}
	e.publishKill(r, unix.SIGKILL)
	if r.State.Status == container.Paused {
		run.group.Thaw()
	}
	return e.killRun(r, run)
}

// discard forgets a container that does not run, and removes all that it had on disk. The record goes last: what a crash
// leaves is found by it. A folder without a record is thus one of a container that was never made, and so are its volumes.
func (e *Engine) discard(r *container.Record, volumes bool) error {
	if volumes {
		e.discardVolumes(r)
	}
	e.throwAway(r.ID)
	if err := e.containers.Remove(r); err != nil {
		return err
	}
	e.dropWaiting(r.ID)
	e.forgetExecs(r.ID)
	e.releaseImage(r.ImageID)
	e.publish(r, events.Destroy)
	return nil
}

// releaseImage lets go of an image that was removed by force while containers used it, with the last of them.
func (e *Engine) releaseImage(id string) {
	if img, err := e.images.Get(e.life, id); err != nil || !img.Removed {
		return
	}
	for _, r := range e.containers.List() {
		if r.ImageID == id {
			return
		}
	}
	err := e.images.Unuse(e.life, digest.Digest(id))
	switch {
	case err == nil:
		e.publishImage(events.Delete, id, id, nil)
	case e.life.Err() == nil:
		e.log.Warn("remove an image that was in use", "image", id, "error", err)
	}
}

// discardVolumes removes a container's anonymous volumes, but for those that another container has from it.
func (e *Engine) discardVolumes(r *container.Record) {
	var names []string
	for _, m := range r.Mounts {
		if m.Anonymous && m.Name != "" {
			names = append(names, m.Name)
		}
	}
	e.removeVolumes(r.ID, names)
}

// sweepVolumes removes the anonymous volumes of a container that a crash has kept from being recorded, or, as it was to go
// with its end, a reboot from being removed.
func (e *Engine) sweepVolumes(id string) {
	var names []string
	for _, v := range e.volumes.List() {
		if v.Container == id {
			names = append(names, v.Name)
		}
	}
	e.removeVolumes(id, names)
}

// removeVolumes removes volumes of a container unless another has them too.
func (e *Engine) removeVolumes(id string, names []string) {
	for _, name := range names {
		err := e.removeVolume(name, id)
		if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
			e.log.Warn("remove an anonymous volume", "volume", name, "error", err)
		}
	}
}
