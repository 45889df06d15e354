package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	moby "github.com/moby/moby/api/types/events"

	"tug/internal/events"
)

// webDied is the end of a container, as the engine tells of it.
var webDied = events.Event{Type: events.Container, Action: events.Die, ActorID: strings.Repeat("ab", 32), Attributes: map[string]string{
	"image": "nginx:1", "name": "web", "tier": "front", "exitCode": "3", "execDuration": "2",
}}

func TestEventsAreStreamedInDockersForm(t *testing.T) {
	for path, want := range map[string]string{
		"/events": `{"Type":"container","Action":"die","Actor":{"ID":"` + webDied.ActorID +
			`","Attributes":{"execDuration":"2","exitCode":"3","image":"nginx:1","name":"web","tier":"front"}},"scope":"local","time":`,
		"/v1.50/events": `"status":"die","id":"` + webDied.ActorID + `","from":"nginx:1"}`,
	} {
		fake := newFake()
		fake.events.Publish(events.Event{Type: events.Container, Action: "past"})
		resp, err := client(serve(t, fake)).Get("http://tug" + path)
		if err != nil {
			t.Fatal(err)
		}
		fake.events.Publish(webDied)
		line, err := bufio.NewReader(resp.Body).ReadString('\n')
		if err != nil || !strings.Contains(line, want) {
			t.Errorf("%s: got %s %v, want %s", path, line, err, want)
		}
		resp.Body.Close()
	}
}

func TestEventsOfThePastAreTold(t *testing.T) {
	fake := newFake()
	before := time.Now()
	for _, action := range []string{"create", "start", "die"} {
		fake.events.Publish(events.Event{Type: events.Container, Action: action})
	}
	socket := serve(t, fake)
	var second moby.Message
	_ = json.Unmarshal([]byte(strings.Split(request(t, socket, "GET /events?until="+stamp(time.Now()), "").body, "\n")[1]), &second)
	for query, want := range map[string]string{
		"since=" + stamp(before) + "&until=" + stamp(time.Now()): "create start die",
		"until=" + stamp(time.Now()):                             "create start die",
		"since=10m&until=0s":                                     "create start die",
		"since=" + stamp(time.Unix(0, second.TimeNano)) + "&until=" + stamp(time.Now()): "start die",
		"until=" + stamp(time.Unix(0, second.TimeNano)):                                 "create start",
		"since=2020-01-01T00:00:00Z&until=2020-01-01T00:00:01.5Z":                       "",
	} {
		got := request(t, socket, "GET /events?"+query, "", "Accept: application/json-seq, application/json;q=0.5")
		var actions []string
		for dec := json.NewDecoder(strings.NewReader(strings.ReplaceAll(got.body, "\x1e", ""))); ; {
			var m moby.Message
			if dec.Decode(&m) != nil {
				break
			}
			actions = append(actions, string(m.Action))
		}
		if strings.Join(actions, " ") != want || got.header.Get("Content-Type") != "application/json-seq" {
			t.Errorf("%s: got %v of type %s, want %s", query, actions, got.header.Get("Content-Type"), want)
		}
	}
	for _, query := range []string{"since=1s&until=1h", "since=yesterday", "until=x", "filters=%7B%22colour%22%3A%5B%22red%22%5D%7D", "filters=x"} {
		if got := request(t, socket, "GET /events?"+query, ""); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

// stamp is a time as clients send it.
func stamp(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

func TestEventFilters(t *testing.T) {
	connected := events.Event{Type: events.Network, Action: events.Connect, ActorID: "0123", Attributes: map[string]string{"name": "bridge", "container": "web"}}
	pulled := events.Event{Type: events.Image, Action: events.Pull, ActorID: "nginx:1", Attributes: map[string]string{"name": "nginx"}}
	ran := events.Event{Type: events.Container, Action: "exec_start: ls -l", ActorID: "77", Attributes: map[string]string{"name": "db"}}
	mounted := events.Event{Type: events.Volume, Action: events.Mount, ActorID: "data", Attributes: map[string]string{"driver": "local"}}
	all := []*events.Event{&webDied, &connected, &pulled, &ran, &mounted}
	for filter, want := range map[string][]bool{
		`{}`:                                        {true, true, true, true, true},
		`{"type":["container"]}`:                    {true, false, false, true, false},
		`{"type":{"network":true,"image":true}}`:    {false, true, true, false, false},
		`{"scope":["local"]}`:                       {true, true, true, true, true},
		`{"scope":["swarm"]}`:                       {false, false, false, false, false},
		`{"container":["web"]}`:                     {true, false, false, false, false},
		`{"container":["abab","d"]}`:                {true, false, false, true, false},
		`{"event":["die","connect"]}`:               {true, true, false, false, false},
		`{"event":["exec_start"]}`:                  {false, false, false, true, false},
		`{"event":["exec_start: ls -l"]}`:           {false, false, false, true, false},
		`{"event":["exec"]}`:                        {false, false, false, false, false},
		`{"image":["nginx"]}`:                       {true, false, true, false, false},
		`{"image":["nginx:1"]}`:                     {true, false, true, false, false},
		`{"image":["nginx:2"]}`:                     {false, false, false, false, false},
		`{"label":["tier"]}`:                        {true, false, false, false, false},
		`{"label":["tier=front","exitCode=3"]}`:     {true, false, false, false, false},
		`{"label":["tier=back"]}`:                   {false, false, false, false, false},
		`{"network":["bri"]}`:                       {false, true, false, false, false},
		`{"volume":["data"],"event":["mount"]}`:     {false, false, false, false, true},
		`{"volume":["data"],"event":["unmount"]}`:   {false, false, false, false, false},
		`{"daemon":["x"]}`:                          {false, false, false, false, false},
		`{"plugin":["x"]}`:                          {false, false, false, false, false},
		`{"type":["container"],"container":["db"]}`: {false, false, false, true, false},
	} {
		parsed, err := parseFilters(filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []bool
		for _, e := range all {
			got = append(got, eventFilter(parsed).fits(e))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", filter, d)
		}
	}
}

func TestAClientThatMissedEventsIsToldSo(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	resp, err := client(socket).Get("http://tug/events?filters=" + url.QueryEscape(`{"type":["container"]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	large := strings.Repeat("x", 1<<20)
	for range 200 { // far more than the log and the socket hold
		fake.events.Publish(events.Event{Type: events.Container, Action: "noise", Attributes: map[string]string{"large": large}})
	}
	var last moby.Message
	dec := json.NewDecoder(resp.Body)
	for err == nil {
		err = dec.Decode(&last)
	}
	if last.Action != "missed" || !strings.Contains(last.Actor.Attributes["error"], "missed") || err != io.ErrUnexpectedEOF {
		t.Errorf("the stream ended with %s %v and %v", last.Action, last.Actor.Attributes["error"], err)
	}
}
