package api

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"":                               {},
		"0":                              {},
		"10m":                            now.Add(-10 * time.Minute),
		"1h30m":                          now.Add(-90 * time.Minute),
		"1136073845":                     time.Unix(1136073845, 0),
		"1136073845.000000001":           time.Unix(1136073845, 1),
		"1136073845.5":                   time.Unix(1136073845, 500_000_000),
		"1136073845.1234567899":          time.Unix(1136073845, 123_456_789),
		"2026-01-02T03:04:05Z":           time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"2026-01-02T03:04:05.25+01:00":   time.Date(2026, 1, 2, 2, 4, 5, 250_000_000, time.UTC),
		"2026-01-02T03:04:05":            time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"2026-01-02T03:04":               time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
		"2026-01-02":                     time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2026-01-02Z":                    time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2026-01-02T03:04:05.000000001Z": time.Date(2026, 1, 2, 3, 4, 5, 1, time.UTC),
	} {
		got, err := parseTime(in, now)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"yesterday", "1.x", "2026-13-01", "."} {
		if got, err := parseTime(in, now); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("1136073845.000000001")
	f.Add("2026-01-02T03:04:05Z")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = parseTime(s, time.Unix(0, 0)) })
}
