package api

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestPlanIsText(t *testing.T) {
	got := request(t, serve(t, newFake()), "POST /tug/plan?name=web", `{"Image":"nginx"}`)
	if got.status != 200 || got.body != "plan of nginx\n" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %d %q %v", got.status, got.body, got.header)
	}
}

func TestUpdateTellsNoneFromAsBefore(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	request(t, socket, "POST /containers/web/update", `{"PidsLimit":-1,"BlkioDeviceReadBps":[],"RestartPolicy":{"Name":"always"}}`)
	if u := fake.updated; u.PidsLimit == nil || *u.PidsLimit != 0 || u.BlkioDeviceReadBps == nil || u.BlkioDeviceWriteBps != nil {
		t.Errorf("got %+v", u)
	}
	if got := fake.called[0]; got != "update web policy=&{always 0}" {
		t.Errorf("got %s", got)
	}
	if got := request(t, socket, "POST /containers/web/update", `{"RestartPolicy":{"Name":"sometimes"}}`); got.status != 400 {
		t.Errorf("policy that is none: %d %s", got.status, got.body)
	}
}

func TestPruneLeavesWhatRuns(t *testing.T) {
	fake := newFake()
	hold := make(chan struct{})
	defer close(hold)
	fake.runs(func(io.Reader, io.Writer) int { <-hold; return 0 })
	socket := serve(t, fake)
	for name, label := range map[string]string{"up": "a", "keep": "keep", "go": "a"} {
		request(t, socket, "POST /containers/create?name="+name, `{"Image":"x","Labels":{"`+label+`":""}}`)
	}
	request(t, socket, "POST /containers/up/start", "")
	got := request(t, socket, `POST /containers/prune?filters={"label!":["keep"]}`, "")
	if got.status != 200 || strings.Count(got.body, "000") == 0 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	var left []string
	for _, r := range fake.List() {
		left = append(left, r.Name)
	}
	if len(left) != 2 || fmt.Sprint(left) != "[up keep]" && fmt.Sprint(left) != "[keep up]" {
		t.Errorf("left are %v", left)
	}
	if got := request(t, socket, `POST /containers/prune?filters={"until":["1h"]}`, ""); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := request(t, socket, `POST /containers/prune?filters={"name":["x"]}`, ""); got.status != 400 {
		t.Errorf("filter that it does not have: %d %s", got.status, got.body)
	}
}
