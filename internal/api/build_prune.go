package api

import (
	"net/http"
	"time"

	moby "github.com/moby/moby/api/types/build"

	"tug/internal/build"
)

// buildPrune removes of what builds have kept for the next.
func buildPrune(c *call) error {
	o, err := c.takeBuildPrune(time.Now())
	if err != nil {
		return err
	}
	removed, err := c.engine.PruneBuildCache(c.ctx(), o)
	if err != nil {
		return err
	}
	report := moby.CachePruneReport{CachesDeleted: []string{}}
	for _, r := range removed {
		report.CachesDeleted = append(report.CachesDeleted, r.ID)
		report.SpaceReclaimed += uint64(r.Size)
	}
	return c.json(http.StatusOK, report)
}

func (c *call) takeBuildPrune(now time.Time) (*build.PruneOptions, error) {
	o := &build.PruneOptions{All: c.flag("all")}
	for _, p := range []struct {
		name string
		to   *int64
	}{
		{"keep-storage", &o.Reserved}, {"reserved-space", &o.Reserved}, // the first is the second's old name
		{"max-used-space", &o.MaxUsed}, {"min-free-space", &o.MinFree},
	} {
		bytes, err := c.number(p.name)
		switch {
		case err != nil:
			return nil, err
		case bytes == nil:
		case *bytes < 0:
			return nil, invalid("%s is %d: it is a number of bytes, 0 or more", p.name, *bytes)
		default:
			*p.to = int64(*bytes)
		}
	}
	filters, err := c.filters()
	if err != nil {
		return nil, err
	}
	if len(filters["until"]) > 0 && len(filters["unused-for"]) > 0 {
		return nil, invalid("filters until and unused-for are given: they mean the same, give one of them")
	}
	for key, values := range filters {
		if len(values) != 1 {
			return nil, invalid("filter %s is given %d times: the build cache takes one value of each", key, len(values))
		}
		if err := cacheFilter(o, key, values[0], now); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// cacheFilter adds a filter to what says what goes.
func cacheFilter(o *build.PruneOptions, key, value string, now time.Time) error {
	if key != "until" && key != "unused-for" {
		return o.Where(key, value)
	}
	since, err := parseTime(value, now)
	if err != nil {
		return invalid("filter %s: %q is neither a duration as 24h nor a time", key, value)
	}
	o.KeepDuration = max(now.Sub(since), 0)
	return nil
}
