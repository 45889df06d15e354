package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	moby "github.com/moby/moby/api/types/events"

	"tug/internal/events"
)

// eventStream answers with what happens, as it happens, until the client goes or the time of until has come. With a time since which,
// or with until alone, it begins with what is remembered of the past.
func eventStream(c *call) error {
	filter, err := c.eventFilter()
	if err != nil {
		return err
	}
	now := time.Now()
	since, err := parseTime(c.query.Get("since"), now)
	if err != nil {
		return err
	}
	until, err := parseTime(c.query.Get("until"), now)
	if err != nil {
		return err
	}
	if !until.IsZero() && until.Before(since) {
		return invalid("`since` time (%d) cannot be after `until` time (%d)", since.Unix(), until.Unix())
	}
	// What happens from here on is not missed, and the client is told so by the head of the answer.
	reader := c.engine.Events().Reader()
	if !since.IsZero() || !until.IsZero() {
		reader = c.engine.Events().Since(since)
	}
	out := &eventWriter{call: c, filter: filter, kind: eventMediaType(c.r.Header.Get("Accept"))}
	if err := out.begin(); err != nil {
		return err
	}
	err = reader.Read(c.ctx(), until, out.write)
	if errors.Is(err, events.ErrMissed) {
		out.cutOff(err)
	}
	return nil // else the time is over, or the client has gone
}

// eventWriter sends events to a client.
type eventWriter struct {
	call   *call
	filter eventFilter
	kind   string // the media type
	enc    *json.Encoder
}

func (o *eventWriter) begin() error {
	o.enc = json.NewEncoder(&o.call.w)
	o.enc.SetEscapeHTML(false)
	o.call.w.Header().Set("Content-Type", o.kind)
	o.call.w.WriteHeader(http.StatusOK)
	return o.call.w.flush()
}

// write sends an event if the client wants it.
func (o *eventWriter) write(e events.Event) error {
	if !o.filter.fits(&e) {
		return nil
	}
	if o.kind == mediaJSONSeq {
		if _, err := o.call.w.Write([]byte{recordSeparator}); err != nil {
			return err
		}
	}
	if err := o.enc.Encode(o.call.oldEvent(showEvent(&e))); err != nil {
		return err
	}
	return o.call.w.flush()
}

// cutOff ends the stream of a client that has missed events: with a last one that says so, and so that the client sees an error
// rather than an end.
func (o *eventWriter) cutOff(missed error) {
	o.call.log.Warn("a client of the events was cut off", "client", o.call.r.RemoteAddr, "error", missed)
	o.filter = nil
	_, words := describe(missed)
	if o.write(events.Event{Type: events.Daemon, Action: "missed", Attributes: map[string]string{"error": words}, Time: time.Now()}) == nil {
		panic(http.ErrAbortHandler)
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

// showEvent converts an event.
func showEvent(e *events.Event) *moby.Message {
	return &moby.Message{
		Type:     moby.Type(e.Type),
		Action:   moby.Action(e.Action),
		Actor:    moby.Actor{ID: e.ActorID, Attributes: orEmpty(e.Attributes)},
		Scope:    events.Scope,
		Time:     e.Time.Unix(),
		TimeNano: e.Time.UnixNano(),
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
