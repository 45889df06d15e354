package api

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"tug/internal/container"
	"tug/internal/engine"
)

func TestEvents(t *testing.T) {
	at := time.Unix(1136073845, 5)
	web := &container.Record{
		ID: strings.Repeat("ab", 32), Name: "web", Config: container.Config{Image: "nginx:1", Labels: map[string]string{"tier": "front"}},
		State: container.State{ExitCode: 3, StartedAt: at, FinishedAt: at.Add(2 * time.Second)},
	}
	for path, want := range map[string]string{
		"/events": `{"Type":"container","Action":"die","Actor":{"ID":"` + web.ID +
			`","Attributes":{"execDuration":"2","exitCode":"3","image":"nginx:1","name":"web","tier":"front"}},"scope":"local","time":1136073845,"timeNano":1136073845000000005}`,
		`/v1.50/events?filters={"container":["web"],"event":["die"],"image":["nginx"],"label":["tier=front"],"type":["container"]}`: `"status":"die","id":"` +
			web.ID + `","from":"nginx:1"}`,
	} {
		fake := newFake()
		fake.events = make(chan engine.Event)
		resp, err := client(serve(t, fake)).Get("http://tug" + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range []string{"start", "die"} {
			if action == "start" && !strings.Contains(path, "filters") {
				continue
			}
			fake.events <- engine.Event{Action: action, Container: web, At: at}
		}
		line, err := bufio.NewReader(resp.Body).ReadString('\n')
		if err != nil || !strings.Contains(line, want) {
			t.Errorf("%s: got %s %v, want %s", path, line, err, want)
		}
		resp.Body.Close()
	}
}

func TestEventsEndWithTheirTime(t *testing.T) {
	fake := newFake()
	got := request(t, serve(t, fake), "GET /events?until=1s", "", "Accept: application/json-seq, application/json;q=0.5")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json-seq" || got.body != "" {
		t.Errorf("got %+v", got)
	}
	if fake.called[len(fake.called)-1] != "unsubscribe" {
		t.Errorf("still subscribed: %v", fake.called)
	}
}

func TestNetworksAreMadeAndRemoved(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	got := request(t, socket, "POST /networks/create", `{"Name":"n","Internal":true,"IPAM":{"Config":[{"Subnet":"10.1.0.0/16","IPRange":"10.1.2.0/24"}]}}`)
	if got.status != 201 || !strings.Contains(got.body, strings.Repeat("d", 64)) {
		t.Errorf("create: %d %s", got.status, got.body)
	}
	if w := fake.wished; w.Name != "n" || !w.Internal || w.Subnets[0].Range.String() != "10.1.2.0/24" {
		t.Errorf("the engine was asked for %+v", w)
	}
	for _, body := range []string{
		`{"Name":"n","Scope":"swarm"}`, `{"Name":"n","Ingress":true}`, `{"Name":"n","ConfigOnly":true}`, `{"Name":"n","IPAM":{"Driver":"other"}}`,
		`{"Name":"n","EnableIPv4":false}`,
	} {
		if got := request(t, socket, "POST /networks/create", body); got.status != 400 {
			t.Errorf("%s: %d", body, got.status)
		}
	}
	if got := request(t, socket, "DELETE /networks/n", ""); got.status != 204 {
		t.Errorf("remove: %d", got.status)
	}
	if got := request(t, socket, "POST /networks/prune", ""); got.body != `{"NetworksDeleted":["backend"]}`+"\n" {
		t.Errorf("prune: %s", got.body)
	}
}
