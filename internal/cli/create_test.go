package cli_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestEveryFlagReachesTheRequest runs the command lines of create.cases and compares what each changes in the
// request of a plain `tug create image` with create.golden. Each was compared with what Docker 29.9.3's own
// command line sends for the same words.
func TestEveryFlagReachesTheRequest(t *testing.T) {
	t.Setenv("INHERITED", "yes")
	d := newDaemon(t).on("POST /containers/create", answer(201, map[string]any{"Id": "f00d"}))
	sent := func(words []string) map[string]any {
		t.Helper()
		if r := d.tug(append([]string{"create"}, words...)...); r.code != 0 || r.out != "f00d\n" {
			t.Fatalf("tug create %q: %v", words, r)
		}
		var body map[string]any
		sent := d.last("POST", "/containers/create")
		if err := json.Unmarshal(sent.Body, &body); err != nil {
			t.Fatal(err)
		}
		if sent.Query != "" {
			body["?"] = sent.Query
		}
		return body
	}
	plain := sent([]string{"image"})
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var golden strings.Builder
	for _, line := range createCases(t) {
		changed, err := json.Marshal(changes(plain, sent(shellWords(line))))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(here, "HERE", filepath.Dir(d.socket), "RUN").Replace(string(changed))
		golden.WriteString(line + "\n\t" + text + "\n")
	}
	const path = "testdata/create.golden"
	if *update {
		if err := os.WriteFile(path, []byte(golden.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(golden.String(), "\n")); diff != "" {
		t.Errorf("requests differ from %s (-want +got):\n%s", path, diff)
	}
}

// TestPlainCreateSendsDockersDefaults pins the request that create.golden is relative to.
func TestPlainCreateSendsDockersDefaults(t *testing.T) {
	d := newDaemon(t).on("POST /containers/create", answer(201, map[string]any{"Id": "f00d"}))
	d.tug("create", "image")
	body := map[string]any{}
	if err := json.Unmarshal(d.last("POST", "/containers/create").Body, &body); err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/create-plain.golden"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// createCases reads the command lines.
func createCases(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/create.cases")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// changes gives the fields of b that differ from a's, in the form of b.
func changes(a, b map[string]any) map[string]any {
	changed := map[string]any{}
	for key, value := range b {
		before, had := a[key]
		if had && reflect.DeepEqual(before, value) {
			continue
		}
		inner, isMap := value.(map[string]any)
		innerBefore, wasMap := before.(map[string]any)
		if isMap && wasMap && len(innerBefore) > 0 {
			changed[key] = changes(innerBefore, inner)
			continue
		}
		changed[key] = value
	}
	for key := range a {
		if _, has := b[key]; !has {
			changed[key] = "(absent)"
		}
	}
	return changed
}

// shellWords splits a line at spaces that are not between single quotes.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, char := range line {
		switch {
		case char == '\'':
			quoted, begun = !quoted, true
		case char == ' ' && !quoted:
			end()
		default:
			word.WriteRune(char)
			begun = true
		}
	}
	end()
	return words
}
