package cli_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// goesAway begins an answer, and breaks the connection in the middle of it.
func goesAway(begun string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if begun != "" {
			_, _ = io.WriteString(w, begun)
			w.(http.Flusher).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

// A daemon that goes away under a command is told of in one sentence, whatever it was doing, with the exit code that docker has then.
func TestADaemonThatGoesAwayIsSaidInOneSentence(t *testing.T) {
	for _, c := range []struct {
		command string
		call    string
		begun   string
		code    int
	}{
		{"stop c", "POST /containers/c/stop", "", 1},
		{"ps", "GET /containers/json", "[", 1},
		{"wait c", "POST /containers/c/wait", "{", 1},
		{"events", "GET /events", `{"Type":`, 1},
		{"logs -f c", "GET /containers/c/logs", "\x01\x00\x00\x00\x00\x00\x00\x09half", 1},
		{"stats", "GET /tug/stats", "[", 1},
		{"run image", "POST /containers/{}/wait", " ", 125},
		{"attach c", "POST /containers/{}/wait", " ", 1},
		{"start -a c", "POST /containers/{}/wait", " ", 125},
		{"exec c true", "GET /exec/e1/json", "", 255},
	} {
		t.Run(c.command, func(t *testing.T) {
			d := newDaemon(t)
			p := d.container(func(*process) int { return 0 })
			if strings.HasPrefix(c.command, "attach") { // nothing starts the process, whose end would end its output
				d.on("POST /containers/{}/attach", func(w http.ResponseWriter, r *http.Request) {
					p.attach(w, r)
					_ = p.raw.Close()
				})
			}
			d.exec(0, func(*process) {})
			d.on("GET /containers/{}/json", answer(200, map[string]any{"Id": "c", "Config": map[string]any{}, "State": map[string]any{"Running": true}}))
			d.on(c.call, goesAway(c.begun))
			r := d.tug(strings.Fields(c.command)...)
			const says = "tug: the daemon went away: containers go on without it; start it again ('sudo tugd'), then see 'tug ps'\n"
			if r.code != c.code || !strings.HasSuffix(r.err, says) || strings.Count(r.err, "\n") != 1 {
				t.Errorf("exit code %d, %q", r.code, r.err)
			}
		})
	}
}
