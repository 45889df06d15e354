package api

import (
	"encoding/json"
	"net/http"
	"time"

	"tug/internal/container"
	"tug/internal/engine"
)

// statsInterval is the time between two figures of a stream.
const statsInterval = time.Second

// containerStats answers with what a container uses: once a second until the client goes or the container is removed, or, with stream=0, once.
// Then two looks are taken, so that the client can tell the share of the processors, unless one-shot=1 says that it does not want to.
func containerStats(c *call) error {
	if !c.flagOr("stream", true) {
		return c.statsOnce()
	}
	r, err := c.engine.Get(c.id())
	if err != nil {
		return err
	}
	lines := c.newJSONLines()
	var before *engine.Usage
	for tick := c.every(statsInterval); ; {
		sample, err := c.engine.Usage(r)
		if err != nil {
			return err
		}
		sample.Before = before
		if err := lines.put(showStats(&sample)); err != nil {
			return nil // the client has gone
		}
		before = sample.Usage
		if !tick() {
			return nil
		}
		if r, err = c.engine.Get(r.ID); err != nil {
			return nil // it was removed, which ends the stream
		}
	}
}

func (c *call) statsOnce() error {
	r, err := c.engine.Get(c.id())
	if err != nil {
		return err
	}
	if c.flag("one-shot") && !c.before(41) {
		sample, err := c.engine.Usage(r)
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, showStats(&sample))
	}
	samples, err := c.engine.Usages(c.ctx(), []*container.Record{r})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, showStats(&samples[0]))
}

// every gives a function that waits for the next tick; false says that the client has gone. Time that the work in between has taken is
// not added to.
func (c *call) every(interval time.Duration) func() bool {
	next := time.Now()
	return func() bool {
		next = next.Add(interval)
		if now := time.Now(); next.Before(now) {
			next = now
		}
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-c.ctx().Done():
			return false
		}
	}
}

// jsonLines sends JSON documents, each on a line of its own and at once.
type jsonLines struct {
	c   *call
	enc *json.Encoder
}

func (c *call) newJSONLines() *jsonLines {
	c.w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(&c.w)
	enc.SetEscapeHTML(false)
	return &jsonLines{c, enc}
}

func (l *jsonLines) put(v any) error {
	if err := l.enc.Encode(v); err != nil {
		return err
	}
	return l.c.w.flush()
}
