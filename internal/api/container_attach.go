package api

import "tug/internal/engine"

// attachOptions reads which streams a client wants and whether it wants what was written before.
func (c *call) attachOptions() engine.AttachOptions {
	return engine.AttachOptions{
		Stdin:      c.flag("stdin"),
		Stdout:     c.flag("stdout"),
		Stderr:     c.flag("stderr"),
		Logs:       c.flag("logs"),
		Stream:     c.flag("stream"),
		DetachKeys: c.query.Get("detachKeys"),
	}
}

// containerAttach joins a client to the standard streams of a container, which may be started later.
func containerAttach(c *call) error {
	session, err := c.engine.Attach(c.ctx(), c.id(), c.attachOptions())
	if err != nil {
		return err
	}
	return c.serve(session)
}

// containerResize sets the size of a container's terminal, in characters.
func containerResize(c *call) error {
	height, err := c.side("h", "height")
	if err != nil {
		return err
	}
	width, err := c.side("w", "width")
	if err != nil {
		return err
	}
	return c.engine.Resize(c.ctx(), c.id(), height, width)
}
