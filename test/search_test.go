package test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// TestSearch asks an index that answers, with each flag, and one that does not.
func TestSearch(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		long := strings.Repeat("words ", 20) + "end"
		index := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/search" || r.FormValue("q") != "app" {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			found := []map[string]any{
				{"name": "app", "description": long, "star_count": 7, "is_official": true},
				{"name": "me/app", "description": "mine", "star_count": 2},
				{"name": "you/app", "description": "yours", "star_count": 1},
			}
			if n, _ := strconv.Atoi(r.FormValue("n")); n > 0 {
				found = found[:min(n, len(found))]
			}
			json.NewEncoder(w).Encode(map[string]any{"num_results": len(found), "results": found})
		}))
		defer index.Close()
		term := index.Listener.Addr().String() + "/app"
		for _, c := range []struct {
			flags string
			want  string // without how wide columns are
		}{
			{"--format {{.Name}}:{{.StarCount}}:{{.IsOfficial}}", "app:7:[OK]\nme/app:2:\nyou/app:1:"},
			{"--limit 2 --format {{.Name}}", "app\nme/app"},
			{"--filter stars=2 --format {{.Name}}", "app\nme/app"},
			{"--filter is-official=true --format {{.Name}}", "app"},
			{"-f is-official=false -f stars=2 --format {{.Name}}", "me/app"},
			{"--no-trunc --limit 1 --format {{.Description}}", long},
			{"--limit 1 --format {{.Description}}", long[:44] + "…"},
			{"--limit 1", "NAME DESCRIPTION STARS OFFICIAL app " + long[:44] + "… 7 [OK]"},
		} {
			got := output(t, cli(append(append([]string{"search"}, strings.Fields(c.flags)...), term)...))
			if !strings.Contains(c.flags, "format") {
				got = strings.Join(strings.Fields(got), " ")
			}
			if got != c.want {
				t.Errorf("search %s: %q, want %q", c.flags, got, c.want)
			}
		}
		for args, want := range map[string]string{
			"--limit 101 " + term:                       "limit 101 is outside the range of [1, 100]",
			"--filter stars=x " + term:                  "stars",
			"--filter nosuch=1 " + term:                 "invalid filter 'nosuch",
			index.Listener.Addr().String() + "/nothing": "404",
			"127.0.0.1:1/app":                           "127.0.0.1:1",
		} {
			out, err := cli(append([]string{"search"}, strings.Fields(args)...)...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("search %s: %v, %s", args, err, out)
			}
		}
	})
}
