package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	if got := median([]time.Duration{1, 2, 9}); got != 2 {
		t.Errorf("of three: %d", got)
	}
	if got := median([]time.Duration{1, 2, 4, 9}); got != 3 {
		t.Errorf("of four: %d", got)
	}
}

func TestTableHasMediansAndRatios(t *testing.T) {
	r := newReport([]*engine{{name: "tug", version: "1"}, {name: "docker", version: "2"}})
	ms := func(n ...time.Duration) []time.Duration {
		for i := range n {
			n[i] *= time.Millisecond
		}
		return n
	}
	r.durations("run", map[string][]time.Duration{"unshare": ms(3, 1, 2), "tug": ms(8), "docker": ms(240)})
	r.goal("tug", "unshare", "at most", 5)
	r.goal("tug", "podman", "at most", 5)
	r.rates("starts", map[string]float64{"tug": 100, "docker": 20})
	r.goal("tug", "docker", "at least", 10)
	got := r.String()
	for _, want := range []string{
		"| what | unshare | tug | docker | tug/unshare | docker/tug |",
		"| run | **2.00** (1.00..3.00) | **8.00** (8.00..8.00) | **240** (240..240) | 4.00 | 30.0 |",
		"| starts |  | **100** | **20.0** |  | 0.20 |",
		"\n\n- run: tug over unshare is 4.00, to be at most 5.00: kept\n- starts: tug over docker is 5.00, to be at least 10.0: **missed**\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
}
