package api

import (
	moby "github.com/moby/moby/api/types/container"

	"tug/internal/container"
)

// namedStats is a container's figures in the answer to GET /tug/stats.
type namedStats struct {
	Ref string `json:"ref"` // as the client called it
	*moby.StatsResponse
}

// tugStats answers with what many containers use, all in one line of JSON and from the same two looks, which is tug's own. The query names
// them (container=web&container=db). Without a name they are those that run, or with all=1 all that there are, and in a stream (stream=1, a
// line a second) they come and go as they do. A stream of named ones ends with the last of them.
func tugStats(c *call) error {
	named, err := c.namedContainers()
	if err != nil {
		return err
	}
	lines := c.newJSONLines()
	for tick := c.every(statsInterval); ; {
		if err := c.putStats(lines, named); err != nil {
			return err
		}
		if !c.flag("stream") || !tick() {
			return nil
		}
		if len(named) > 0 && len(c.present(named)) == 0 {
			return nil
		}
	}
}

// putStats sends a line with the containers that were named and are still there, or with those that are to be seen without a name.
func (c *call) putStats(lines *jsonLines, named []namedContainer) error {
	shown := c.present(named)
	if len(named) == 0 {
		shown = c.seen(c.flag("all"))
	}
	records := make([]*container.Record, len(shown))
	for i, s := range shown {
		records[i] = s.record
	}
	samples, err := c.engine.Usages(c.ctx(), records)
	if err != nil {
		return err
	}
	out := make([]namedStats, len(samples))
	for i := range samples {
		out[i] = namedStats{shown[i].ref, showStats(&samples[i])}
	}
	return lines.put(out)
}

// namedContainer is a container with what a client calls it.
type namedContainer struct {
	ref    string
	record *container.Record
}

func (c *call) namedContainers() ([]namedContainer, error) {
	var list []namedContainer
	for _, ref := range c.query["container"] {
		r, err := c.engine.Get(ref)
		if err != nil {
			return nil, err
		}
		list = append(list, namedContainer{ref, r})
	}
	return list, nil
}

// present gives those containers that are still there, as they are now.
func (c *call) present(named []namedContainer) []namedContainer {
	var list []namedContainer
	for _, n := range named {
		if r, err := c.engine.Get(n.record.ID); err == nil {
			list = append(list, namedContainer{n.ref, r})
		}
	}
	return list
}

// seen gives the containers that run, or all, under their IDs.
func (c *call) seen(all bool) []namedContainer {
	var list []namedContainer
	for _, r := range c.engine.List() {
		if all || r.IsRunning() {
			list = append(list, namedContainer{r.ID, r})
		}
	}
	return list
}
