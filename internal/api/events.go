package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	moby "github.com/moby/moby/api/types/events"

	"tug/internal/container"
	"tug/internal/engine"
)

// eventStream answers with what happens, as it happens, until the client goes or the time of until has come.
func eventStream(c *call) error {
	now := time.Now()
	filters, err := c.filters()
	if err != nil {
		return err
	}
	if _, err := parseTime(c.query.Get("since"), now); err != nil {
		return err
	}
	until, err := parseTime(c.query.Get("until"), now)
	if err != nil {
		return err
	}
	happened, stop := c.engine.Subscribe()
	defer stop()

	kind := eventMediaType(c.r.Header.Get("Accept"))
	c.w.Header().Set("Content-Type", kind)
	c.w.WriteHeader(http.StatusOK)
	if err := c.w.flush(); err != nil {
		return err
	}
	var over <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		over = timer.C
	}
	enc := json.NewEncoder(&c.w)
	enc.SetEscapeHTML(false)
	for {
		select {
		case e := <-happened:
			m := showEvent(e)
			if !wantsEvent(filters, m) {
				continue
			}
			if kind == mediaJSONSeq {
				if _, err := c.w.Write([]byte{recordSeparator}); err != nil {
					return nil //nolint:nilerr // the client has gone
				}
			}
			if enc.Encode(c.oldEvent(m)) != nil || c.w.flush() != nil {
				return nil // the client has gone
			}
		case <-over:
			return nil
		case <-c.ctx().Done():
			return nil
		}
	}
}

// Media types of a stream of events. Programs that ask for none of them get the first, though it is many documents.
const (
	mediaJSON    = "application/json"
	mediaNDJSON  = "application/x-ndjson"
	mediaJSONL   = "application/jsonl"
	mediaJSONSeq = "application/json-seq"

	recordSeparator = 0x1e // begins each document of a json-seq (RFC 7464)
)

// eventMediaType is the first type that a client accepts of those that are spoken.
func eventMediaType(accept string) string {
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch kind = strings.TrimSpace(kind); kind {
		case mediaNDJSON, mediaJSONL, mediaJSONSeq:
			return kind
		}
	}
	return mediaJSON
}

// showEvent converts what happened to a container. Its attributes are its labels, its name and its image, and how it ended.
func showEvent(e engine.Event) *moby.Message {
	r := e.Container
	attributes := map[string]string{}
	maps.Copy(attributes, r.Config.Labels)
	attributes["image"], attributes["name"] = r.Config.Image, r.Name
	if e.Action == "die" {
		attributes["exitCode"] = strconv.Itoa(r.State.ExitCode)
		if !r.State.StartedAt.IsZero() {
			attributes["execDuration"] = strconv.Itoa(int(r.State.FinishedAt.Sub(r.State.StartedAt).Seconds()))
		}
	}
	return &moby.Message{
		Type:     moby.ContainerEventType,
		Action:   moby.Action(e.Action),
		Actor:    moby.Actor{ID: r.ID, Attributes: attributes},
		Scope:    "local",
		Time:     e.At.Unix(),
		TimeNano: e.At.UnixNano(),
	}
}

// oldEvent adds what versions before 1.52 had since before 1.22.
func (c *call) oldEvent(m *moby.Message) any {
	if !c.before(52) {
		return m
	}
	return struct {
		*moby.Message
		Status string `json:"status,omitempty"`
		ID     string `json:"id,omitempty"`
		From   string `json:"from,omitempty"`
	}{m, string(m.Action), m.Actor.ID, m.Actor.Attributes["image"]}
}

// wantsEvent tells whether an event fits the filters. An action fits by what stands before a colon too: exec_start.
func wantsEvent(filters map[string][]string, m *moby.Message) bool {
	fits := func(key string, values ...string) bool {
		return len(filters[key]) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(filters[key], v) })
	}
	for _, other := range []string{"config", "daemon", "network", "node", "plugin", "secret", "service", "volume"} {
		if len(filters[other]) > 0 {
			return false // asks for one of those, and the event is a container's
		}
	}
	action, _, _ := strings.Cut(string(m.Action), ":")
	return fits("event", string(m.Action), action) && fits("type", string(m.Type)) && fits("scope", m.Scope) &&
		isContainer(filters["container"], m) && fits("image", imageNames(m.Actor.Attributes["image"])...) &&
		container.HasLabels(m.Actor.Attributes, filters["label"])
}

// isContainer tells whether the event is about one of the containers, given by name, id, or the beginning of an id.
func isContainer(refs []string, m *moby.Message) bool {
	return len(refs) == 0 || slices.ContainsFunc(refs, func(ref string) bool {
		return ref == m.Actor.Attributes["name"] || ref != "" && strings.HasPrefix(m.Actor.ID, ref)
	})
}

// imageNames are a name with and without its tag.
func imageNames(name string) []string {
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return []string{name, name[:i]}
	}
	return []string{name}
}
