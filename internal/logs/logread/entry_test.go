package logread

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEntryOfDockersFile(t *testing.T) {
	raw := `{"log":"a\u003cb \u0009\"\\ \u001b[1m\n","stream":"stderr","attrs":{"tag":"x"},"time":"2026-01-02T03:04:05.1234Z"}`
	var d decoder
	got, ok := d.decodeOwn([]byte(raw))
	if !ok {
		t.Fatal("not taken for one of our own")
	}
	want := Entry{Stream: "stderr", Time: time.Date(2026, 1, 2, 3, 4, 5, 123_400_000, time.UTC), Line: []byte("a<b \t\"\\ \x1b[1m\n"), Attrs: map[string]string{"tag": "x"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEntryInOtherJSON(t *testing.T) {
	raw := `{"time":"2026-01-02T04:04:05+01:00", "stream":"stdout", "log":"\ud83d\ude00\n"}`
	var d decoder
	got, err := d.decode([]byte(raw))
	if err != nil || !got.Time.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || string(got.Line) != "😀\n" || got.Stream != "stdout" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestNoEntry(t *testing.T) {
	for _, raw := range []string{"", "{", "\x00\x00", `{"log":"x`, `{"log":"x\n","stream":"stdout"}`, "[]", `{"log":"x","stream":"stdout","time":"2026-02-31T00:00:00Z"}`} {
		var d decoder
		if e, err := d.decode([]byte(raw)); err == nil {
			t.Errorf("%q: %+v", raw, e)
		}
	}
}

// FuzzDecode holds the fast way against the slow one: where it gives an answer, it is the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"log":"a\u003cb\n","stream":"stderr","attrs":{"tag":"x"},"time":"2026-01-02T03:04:05.1234Z"}`))
	f.Add([]byte(`{"log":"","stream":"stdout","time":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"log":"\ufffd\/\t","stream":"stdout","time":"0001-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"log":"x","stream":"stdout","attrs":{"time":"Z"},"time":"2026-12-31T23:59:59.000000001Z"}`))
	f.Add([]byte(`{"log":"x","stream":"stdout","time":"2026-01-02T03:04:05Z"},"time":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d decoder
		fast, ok := d.decodeOwn(raw)
		if !ok {
			return
		}
		var slow struct {
			Log    string            `json:"log"`
			Stream string            `json:"stream"`
			Time   time.Time         `json:"time"`
			Attrs  map[string]string `json:"attrs"`
		}
		if err := json.Unmarshal(raw, &slow); err != nil {
			t.Fatalf("%q: encoding/json: %v", raw, err)
		}
		if string(fast.Line) != slow.Log || fast.Stream != slow.Stream || !fast.Time.Equal(slow.Time) || len(fast.Attrs) != len(slow.Attrs) {
			t.Errorf("%q: %+v, encoding/json says %+v", raw, fast, slow)
		}
	})
}
