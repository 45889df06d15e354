package api

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"

	"tug/internal/build"
)

func TestWhatOfTheBuildCacheIsToGo(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	take := func(query string) (*build.PruneOptions, error) {
		r := httptest.NewRequest("POST", "/build/prune?"+query, nil)
		return (&call{r: r, query: r.URL.Query()}).takeBuildPrune(now)
	}
	filters := func(text string) string { return "filters=" + url.QueryEscape(text) }
	for query, want := range map[string]*build.PruneOptions{
		"":                                   {},
		"all=1&keep-storage=5":               {All: true, Budget: build.Budget{Reserved: 5}},
		"keep-storage=5&reserved-space=6":    {Budget: build.Budget{Reserved: 6}},
		"max-used-space=7&min-free-space=8":  {Budget: build.Budget{MaxUsed: 7, MinFree: 8}},
		filters(`{"until":{"24h":true}}`):    {KeepDuration: 24 * time.Hour},
		filters(`{"unused-for":["999940"]}`): {KeepDuration: time.Minute},
		filters(`{"until":["1000060"]}`):     {}, // what is to come
		filters(`{"type":["regular"]}`):      {Matching: []string{`type=="regular"`}},
	} {
		if got, err := take(query); err != nil {
			t.Errorf("%s: %v", query, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
	for _, query := range []string{
		"keep-storage=-1", "max-used-space=x", filters(`{"until":["soon"]}`), filters(`{"until":["1h","2h"]}`), filters(`{"colour":["red"]}`),
		filters(`{"until":["1h"],"unused-for":["1h"]}`), filters(`{"inuse":["perhaps"]}`),
	} {
		if _, err := take(query); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v, want an invalid argument", query, err)
		}
	}
}

func TestPruningTheBuildCacheTellsWhatWentAndHowMuch(t *testing.T) {
	got := request(t, serve(t, newFake()), "POST /build/prune", "")
	if got.status != 200 || strings.TrimSpace(got.body) != `{"CachesDeleted":["one","two"],"SpaceReclaimed":15}` {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
