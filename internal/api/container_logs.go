package api

import (
	"fmt"
	"strconv"
	"time"

	"tug/internal/logs/logread"
)

// containerLogs answers with what a container wrote, and goes on with what it writes if the client follows.
func containerLogs(c *call) error {
	o, err := c.logOptions(time.Now())
	if err != nil {
		return err
	}
	r, err := c.engine.Get(c.id())
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", c.streamType(r.Config.Tty))
	out := newLogStream(&c.w, logFormat{raw: r.Config.Tty, timestamps: c.flag("timestamps"), details: c.flag("details")})
	if o.Follow {
		out.flushSoon()
	}
	err = c.engine.Logs(c.ctx(), r.ID, o, out.write)
	return out.end(err)
}

// containerLogsClear empties a container's log, which is tug's own.
func containerLogsClear(c *call) error {
	if err := c.engine.ClearLogs(c.ctx(), c.id()); err != nil {
		return err
	}
	return c.done()
}

// logOptions reads which part of a log is wanted.
func (c *call) logOptions(now time.Time) (logread.ReadOptions, error) {
	o := logread.ReadOptions{Follow: c.flag("follow"), Stdout: c.flag("stdout"), Stderr: c.flag("stderr"), Tail: -1}
	if !o.Stdout && !o.Stderr {
		return o, invalid("Bad parameters: you must choose at least one stream")
	}
	if n, err := strconv.Atoi(c.query.Get("tail")); err == nil && n >= 0 {
		o.Tail = n // anything else means all
	}
	var err error
	if o.Since, err = parseTime(c.query.Get("since"), now); err != nil {
		return o, fmt.Errorf("invalid value for \"since\": %w", err)
	}
	if o.Until, err = parseTime(c.query.Get("until"), now); err != nil {
		return o, fmt.Errorf("invalid value for \"until\": %w", err)
	}
	return o, nil
}
