package container

import (
	"slices"
	"testing"
	"time"

	"github.com/containerd/errdefs"
)

func TestTheCommandOfAHealthCheck(t *testing.T) {
	for _, c := range []struct {
		test, shell, want []string
	}{
		{nil, nil, nil},
		{[]string{"NONE"}, nil, nil},
		{[]string{"CMD"}, nil, nil},
		{[]string{"CMD", "curl", "-f", "x"}, nil, []string{"curl", "-f", "x"}},
		{[]string{"CMD-SHELL", "a | b"}, nil, []string{"/bin/sh", "-c", "a | b"}},
		{[]string{"CMD-SHELL", "a | b"}, []string{"bash", "-ec"}, []string{"bash", "-ec", "a | b"}},
		{[]string{"OTHER", "x"}, nil, nil},
	} {
		if got := (&Healthcheck{Test: c.test}).Command(c.shell); !slices.Equal(got, c.want) {
			t.Errorf("%q gives %q, want %q", c.test, got, c.want)
		}
	}
	if (*Healthcheck)(nil).Command(nil) != nil {
		t.Error("a container without a health check has a command for one")
	}
}

func TestHealthFollowsTheChecks(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	check := &Healthcheck{Retries: 2, StartPeriod: time.Minute}
	h := (*Health)(nil).Begin()
	for i, step := range []struct {
		after  time.Duration
		code   int
		status string
		streak int
	}{
		{10 * time.Second, 1, HealthStarting, 0}, // within the start period
		{59 * time.Second, -1, HealthStarting, 0},
		{61 * time.Second, 1, HealthStarting, 1},
		{62 * time.Second, 0, HealthHealthy, 0},
		{63 * time.Second, 1, HealthHealthy, 1},
		{64 * time.Second, 1, HealthUnhealthy, 2},
		{65 * time.Second, 1, HealthUnhealthy, 3},
		{66 * time.Second, 0, HealthHealthy, 0},
	} {
		before := *h
		next := h.Next(check, start, HealthResult{Start: start.Add(step.after), ExitCode: step.code})
		if next.Status != step.status || next.FailingStreak != step.streak {
			t.Errorf("step %d: %s, %d failures in a row; want %s, %d", i, next.Status, next.FailingStreak, step.status, step.streak)
		}
		if len(next.Log) != min(i+1, 5) || next.Log[len(next.Log)-1].ExitCode != step.code || h.Status != before.Status || len(h.Log) != len(before.Log) {
			t.Errorf("step %d: a log of %d results, or the one before was changed", i, len(next.Log))
		}
		h = next
	}
	if e := h.End(); e.Status != HealthUnhealthy || len(e.Log) != 5 || h.Status != HealthHealthy {
		t.Errorf("ended: %+v", e)
	}
	if b := h.Begin(); b.Status != HealthStarting || b.FailingStreak != 0 || len(b.Log) != 5 {
		t.Errorf("begun anew: %+v", b)
	}
}

func TestASuccessInTheStartPeriodEndsIt(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	check := &Healthcheck{StartPeriod: time.Hour, Retries: 1}
	h := (*Health)(nil).Begin().Next(check, start, HealthResult{Start: start.Add(time.Second)})
	if h = h.Next(check, start, HealthResult{Start: start.Add(2 * time.Second), ExitCode: 1}); h.Status != HealthUnhealthy {
		t.Errorf("%+v", h)
	}
}

func TestWhenTheNextCheckComes(t *testing.T) {
	plain, slow := &Healthcheck{}, &Healthcheck{Interval: time.Hour, StartPeriod: time.Minute, StartInterval: time.Second}
	for _, c := range []struct {
		check  *Healthcheck
		status string
		runs   time.Duration
		want   time.Duration
	}{
		{plain, HealthStarting, 0, 30 * time.Second},
		{plain, HealthHealthy, time.Hour, 30 * time.Second},
		{slow, HealthStarting, 0, time.Second},
		{slow, HealthStarting, time.Minute, time.Hour},
		{slow, HealthHealthy, time.Second, time.Hour},
		{&Healthcheck{StartPeriod: time.Minute}, HealthStarting, time.Second, 5 * time.Second},
	} {
		if got := c.check.Wait(c.status, c.runs); got != c.want {
			t.Errorf("%+v, %s after %s: waits %s, want %s", c.check, c.status, c.runs, got, c.want)
		}
	}
}

func TestHealthChecksThatMakeNoSense(t *testing.T) {
	for _, h := range []*Healthcheck{{Interval: 1}, {Timeout: -time.Second}, {StartPeriod: 999}, {StartInterval: 999_999}, {Retries: -1}} {
		if err := h.Validate(); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%+v: %v", h, err)
		}
	}
	for _, h := range []*Healthcheck{nil, {}, {Interval: time.Millisecond, Retries: 1}} {
		if err := h.Validate(); err != nil {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

func TestHealthActions(t *testing.T) {
	for text, want := range map[string]HealthAction{"": ActNone, "none": ActNone, "restart": ActRestart, "stop": ActStop} {
		h := HostConfig{Annotations: map[string]string{HealthActionKey: text}}
		if got, err := h.HealthAction(); got != want || err != nil {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	h := HostConfig{Annotations: map[string]string{HealthActionKey: "explode"}}
	if _, err := h.HealthAction(); !errdefs.IsInvalidArgument(err) {
		t.Errorf("got %v", err)
	}
}
