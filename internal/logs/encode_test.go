package logs

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEntryIsDockersByteForByte(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 120_000_000, time.FixedZone("", 3600))
	for _, c := range []struct {
		name, line string
		ended      bool
		attrs      map[string]string
		want       string
	}{
		{"line", "hello", true, nil, `{"log":"hello\n","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{"empty line", "", true, nil, `{"log":"\n","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{"fragment", "hello", false, nil, `{"log":"hello","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{"quotes", `"\`, true, nil, `{"log":"\"\\\n","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{"markup", "<a&b>", true, nil, `{"log":"\u003ca\u0026b\u003e\n","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{"terminal", "\x1b[1m\t\r", true, nil, `{"log":"\u001b[1m\u0009\r\n","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{"not UTF-8", "a\xff\xc3", true, nil, `{"log":"a\ufffd\ufffd\n","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{"runes", "ü€\u2028\u2029", true, nil, `{"log":"ü€\u2028\u2029\n","stream":"stdout","time":"2026-01-02T02:04:05.12Z"}`},
		{
			"attrs", "x", true,
			map[string]string{"tag": `a"b`, "env": "1"},
			`{"log":"x\n","stream":"stdout","attrs":{"env":"1","tag":"a\"b"},"time":"2026-01-02T02:04:05.12Z"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cl clock
			got := appendEntry(nil, "stdout", []byte(c.line), c.ended, appendAttrs(nil, c.attrs), cl.format(at))
			if diff := cmp.Diff(c.want+"\n", string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClockWritesWhatTimeDoes(t *testing.T) {
	var cl clock
	for _, at := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(1767323045, 999_999_999), time.Unix(1767323045, 100), time.Unix(1767323046, 500_000_000), time.Unix(1, 0),
	} {
		if got, want := string(cl.format(at)), at.UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// FuzzEscape holds the escapes against encoding/json, which differs from Docker in three control bytes only: Docker has no short forms of
// them.
func FuzzEscape(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add([]byte("<&>\"\\\n\r\t\b\f\x00\x1f\x7f"))
	f.Add([]byte("\xff\xc3\x28\xe2\x80\xa8\xe2\x80\xa9\xed\xa0\x80\xf4\x90\x80\x80"))
	docker := strings.NewReplacer(`\\`, `\\`, `\t`, `\u0009`, `\b`, `\u0008`, `\f`, `\u000c`)
	f.Fuzz(func(t *testing.T, line []byte) {
		theirs, err := json.Marshal(string(line))
		if err != nil {
			t.Fatal(err)
		}
		want := docker.Replace(string(theirs[1 : len(theirs)-1]))
		if got := string(appendEscaped(nil, line)); got != want {
			t.Errorf("%q became\n%s, want\n%s", line, got, want)
		}
	})
}
