package api

import (
	"strings"

	"tug/internal/engine"
)

// containerStart starts a created or stopped container and answers when its process runs.
func containerStart(c *call) error {
	// A JSON object with something in it has more than seven characters; older clients sent a host configuration here.
	if c.r.ContentLength > 7 || c.r.ContentLength == -1 {
		return invalid("starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24")
	}
	if c.query.Get("checkpoint") != "" {
		return invalid("checkpoints are not supported: start the container without one")
	}
	if err := c.engine.Start(c.ctx(), c.id()); err != nil {
		return err
	}
	return c.done()
}

// stopOptions reads how a container is to be stopped: with which signal, and after how many seconds it is killed.
func (c *call) stopOptions() (engine.StopOptions, error) {
	t, err := c.number("t")
	if err != nil {
		return engine.StopOptions{}, err
	}
	o := engine.StopOptions{Timeout: t}
	if !c.before(42) {
		o.Signal = c.query.Get("signal")
	}
	return o, nil
}

func containerStop(c *call) error {
	o, err := c.stopOptions()
	if err != nil {
		return err
	}
	if err := c.engine.Stop(c.ctx(), c.id(), o); err != nil {
		return err
	}
	return c.done()
}

func containerRestart(c *call) error {
	o, err := c.stopOptions()
	if err != nil {
		return err
	}
	if err := c.engine.Restart(c.ctx(), c.id(), o); err != nil {
		return err
	}
	return c.done()
}

func containerKill(c *call) error {
	if err := c.engine.Kill(c.ctx(), c.id(), c.query.Get("signal")); err != nil {
		return err
	}
	return c.done()
}

func containerPause(c *call) error {
	if err := c.engine.Pause(c.ctx(), c.id()); err != nil {
		return err
	}
	return c.done()
}

func containerUnpause(c *call) error {
	if err := c.engine.Unpause(c.ctx(), c.id()); err != nil {
		return err
	}
	return c.done()
}

func containerRename(c *call) error {
	if err := c.engine.Rename(c.ctx(), c.id(), c.query.Get("name")); err != nil {
		return err
	}
	return c.done()
}

func containerRemove(c *call) error {
	if c.flag("link") {
		return containerRemoveLink(c)
	}
	if err := c.engine.Remove(c.ctx(), c.id(), engine.RemoveOptions{Force: c.flag("force"), Volumes: c.flag("v")}); err != nil {
		return err
	}
	return c.done()
}

// containerRemoveLink removes a link, which is named by its container and its alias.
func containerRemoveLink(c *call) error {
	name, alias, ok := strings.Cut(strings.TrimPrefix(c.id(), "/"), "/")
	if !ok {
		return invalid("a link is named by its container and its alias, as in /web/db")
	}
	if err := c.engine.RemoveLink(c.ctx(), name, alias); err != nil {
		return err
	}
	return c.done()
}
