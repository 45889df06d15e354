package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"tug/internal/container"
)

func TestABriefListHasWhatATableShows(t *testing.T) {
	f := newFake()
	l := &lister{&call{server: &server{engine: f}}, time.Time{}, map[string][]digest.Digest{"nginx:1": {"sha256:other"}}, nil, nil}
	r, _ := specimen()
	l.linkNames = map[string][]string{r.ID: {"app/front", "zoo/web"}}
	l.now = r.State.StartedAt.Add(time.Hour)
	got, err := json.Marshal(l.briefs([]*container.Record{r}))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"Id":"` + r.ID + `","Image":"` + r.ImageID + `","ImageID":"` + r.ImageID + `","Command":"nginx -g 'daemon off;'",` +
		`"Status":"Up About an hour (healthy)","Names":["/app/front","/web","/zoo/web"],"Created":1772600767,"Ports":[{"PrivatePort":80,"Type":"tcp"` +
		`,"IP":"0.0.0.0","PublicPort":8080}]}]`
	var g, w any
	if json.Unmarshal(got, &g) != nil || json.Unmarshal([]byte(want), &w) != nil {
		t.Fatal(string(got))
	}
	ports := g.([]any)[0].(map[string]any)["Ports"].([]any)
	g.([]any)[0].(map[string]any)["Ports"] = ports[:1]
	if d := cmp.Diff(w, g); d != "" {
		t.Error(d)
	}
}
