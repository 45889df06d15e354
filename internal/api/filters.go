package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// filters reads the parameter of that name: {"status":{"exited":true}}, or {"status":["exited"]} as clients before 1.22 wrote it.
func (c *call) filters() (map[string][]string, error) {
	return parseFilters(c.query.Get("filters"))
}

func parseFilters(s string) (map[string][]string, error) {
	if s == "" {
		return nil, nil
	}
	var sets map[string]map[string]bool
	if err := json.Unmarshal([]byte(s), &sets); err == nil {
		out := make(map[string][]string, len(sets))
		for key, set := range sets {
			for value, in := range set {
				if in {
					out[key] = append(out[key], value)
				}
			}
		}
		return out, nil
	}
	var lists map[string][]string
	if err := json.Unmarshal([]byte(s), &lists); err != nil {
		return nil, invalid("invalid filter: %w", err)
	}
	return lists, nil
}

// onlyFilters refuses filters that an endpoint does not know.
func onlyFilters(filters map[string][]string, known ...string) error {
	for key := range filters {
		ok := false
		for _, k := range known {
			ok = ok || k == key
		}
		if !ok {
			return invalid("invalid filter '%s'", key)
		}
	}
	return nil
}

// switchFilter reads a filter that is true or false (also 1 and 0), which is otherwise when it is not there.
func switchFilter(filters map[string][]string, key string, otherwise bool) (bool, error) {
	values := filters[key]
	if len(values) == 0 {
		return otherwise, nil
	}
	on, err := strconv.ParseBool(values[0])
	if err != nil || len(values) > 1 {
		return false, invalid("invalid filter '%s=%s'", key, strings.Join(values, ","))
	}
	return on, nil
}

// untilFilter reads the one time of a filter "until"; zero when it is not there.
func untilFilter(filters map[string][]string, now time.Time) (time.Time, error) {
	values := filters["until"]
	switch len(values) {
	case 0:
		return time.Time{}, nil
	case 1:
		return parseTime(values[0], now)
	}
	return time.Time{}, invalid("more than one until filter specified")
}
