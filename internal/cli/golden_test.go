package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRefusalsReadLikeDockers compares exit codes and words with errors.golden.
func TestRefusalsReadLikeDockers(t *testing.T) {
	golden(t, "testdata/errors", func(words []string) string {
		d := newDaemon(t)
		r := d.tug(words...)
		text := strings.ReplaceAll(fmt.Sprintf("%d %s%s", r.code, r.out, r.err), d.socket, "SOCKET")
		return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n\t")
	})
}

// TestCommandsAskForWhatDockersAskFor compares the requests of each command with requests.golden.
func TestCommandsAskForWhatDockersAskFor(t *testing.T) {
	golden(t, "testdata/requests", func(words []string) string {
		d := newDaemon(t)
		for _, list := range []string{"/containers/json", "/images/json", "/networks", "/images/{}/history", "/containers/{}/changes", "/images/search"} {
			d.on("GET "+list, answer(200, []any{}))
		}
		d.on("GET /containers/{}/json", answer(200, map[string]any{"Id": "c0ffee"}))
		d.on("GET /images/{}/json", answer(200, map[string]any{"Id": "sha256:f00d"}))
		d.on("POST /containers/{}/exec", answer(201, map[string]any{"Id": "e1"}))
		d.on("DELETE /images/{}", answer(200, []any{}))
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			for depth := 1; depth < 8; depth++ {
				d.on(method+" "+strings.Repeat("/{}", depth), answer(200, map[string]any{}))
			}
		}
		r := d.tug(words...)
		var lines []string
		for _, asked := range d.requests {
			var body bytes.Buffer
			if json.Compact(&body, asked.Body) != nil {
				body.Reset()
				body.Write(asked.Body)
			}
			lines = append(lines, strings.TrimSpace(asked.String()+" "+body.String()))
		}
		if r.code != 0 {
			lines = append(lines, fmt.Sprintf("exit %d: %s", r.code, strings.TrimSpace(r.err)))
		}
		return strings.Join(lines, "\n\t")
	})
}

// golden runs each line of NAME.cases and compares the results with NAME.golden.
func golden(t *testing.T, name string, run func(words []string) string) {
	t.Helper()
	cases, err := os.ReadFile(name + ".cases")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(cases)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		got.WriteString(line + "\n\t" + run(shellWords(line)) + "\n")
	}
	path := name + ".golden"
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("(-%s +now):\n%s", path, diff)
	}
}
