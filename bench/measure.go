package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// bare is the measure of all: what the kernel asks for six namespaces, without image, network or anything else.
var bare = subject{"unshare", []string{"unshare", "-mpniuf", "--mount-proc", "/bin/true"}}

// subject is a command that is timed, and the column in which its times stand.
type subject struct {
	name string
	argv []string
}

const warmUps = 2

// interleave runs the subjects one after the other, again and again, and returns the times of each.
func interleave(ctx context.Context, rounds int, subjects []subject) (map[string][]time.Duration, error) {
	times := map[string][]time.Duration{}
	for round := range warmUps + rounds {
		for _, s := range subjects {
			took, err := timed(ctx, s.argv)
			if err != nil {
				return nil, err
			}
			if round >= warmUps {
				times[s.name] = append(times[s.name], took)
			}
		}
	}
	return times, nil
}

// timed runs a command with nothing on its standard input and its output going nowhere.
func timed(ctx context.Context, argv []string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	said, err := os.CreateTemp("", "bench-stderr")
	if err != nil {
		return 0, err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	cmd.Stderr = said // a file: a pipe would have to be waited for
	begun := time.Now()
	err = cmd.Run()
	took := time.Since(begun)
	if err != nil {
		text, _ := os.ReadFile(said.Name())
		return 0, fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, text)
	}
	return took, nil
}

func timeRuns(ctx context.Context, s settings, engines []*engine, r *report) error {
	for _, network := range []string{"bridge", "none"} {
		say("run --rm true, network %s, %d rounds", network, s.rounds)
		subjects := []subject{bare}
		for _, e := range engines {
			subjects = append(subjects, subject{e.name, e.command("run", "--rm", "--network", network, e.image("true"), "true")})
		}
		times, err := interleave(ctx, s.rounds, subjects)
		if err != nil {
			return err
		}
		r.durations(fmt.Sprintf("`run --rm` of a static `true`, network %s (ms)", network), times)
		r.goal("tug", bare.name, "at most", 5)
	}
	return nil
}

func timeExecs(ctx context.Context, s settings, engines []*engine, r *report) error {
	say("exec true, %d rounds", s.rounds)
	subjects := []subject{bare}
	for _, e := range engines {
		subjects = append(subjects, subject{e.name, e.command("exec", "idle", "true")})
	}
	times, err := interleave(ctx, s.rounds, subjects)
	if err != nil {
		return err
	}
	r.durations("`exec` of `true` (ms)", times)
	r.goal("tug", bare.name, "at most", 4)
	return nil
}

// timeRestarts times how long each daemon takes until it answers, and the first run after that. The idle containers are
// removed before: not every engine keeps containers while its daemon is away.
func timeRestarts(ctx context.Context, s settings, engines []*engine, r *report) error {
	var daemons []*engine
	for _, e := range engines {
		if e.daemon == nil {
			continue
		}
		daemons = append(daemons, e)
		if _, err := output(ctx, e.command("rm", "-f", "idle")); err != nil {
			return err
		}
	}
	up, first := map[string][]time.Duration{}, map[string][]time.Duration{}
	for round := range s.restarts {
		say("restart %d of %d", round+1, s.restarts)
		for _, e := range daemons {
			e.stop()
			begun := time.Now()
			if err := e.start(ctx); err != nil {
				return err
			}
			up[e.name] = append(up[e.name], time.Since(begun))
			took, err := timed(ctx, e.command("run", "--rm", e.image("true"), "true"))
			if err != nil {
				return err
			}
			first[e.name] = append(first[e.name], took)
		}
	}
	r.durations("start of the daemon until it answers (ms)", up)
	r.durations("the first `run --rm` after that (ms)", first)
	return nil
}

// timeDetached counts how many containers a second each daemon starts, several at a time, until `run -d` has returned.
func timeDetached(ctx context.Context, s settings, engines []*engine, r *report) error {
	rates := map[string]float64{}
	for _, e := range engines {
		if e.daemon == nil {
			continue // podman: no daemon, minutes for the whole
		}
		say("%d detached starts with %s, %d at a time", s.starts, e.name, s.atATime)
		took, ids, err := startDetached(ctx, s, e)
		if err != nil {
			return err
		}
		rates[e.name] = float64(s.starts) / took.Seconds()
		if _, err := output(ctx, e.command(append([]string{"rm", "-f"}, ids...)...)); err != nil {
			return err
		}
	}
	r.rates(fmt.Sprintf("%d detached starts, %d at a time, network bridge (containers/s)", s.starts, s.atATime), rates)
	r.goal("tug", "docker", "at least", 10)
	return nil
}

func startDetached(ctx context.Context, s settings, e *engine) (time.Duration, []string, error) {
	begun := time.Now()
	ids, err := atOnce(ctx, s.atATime, s.starts, e.command("run", "-d", e.image("busybox"), "sleep", "100000"))
	return time.Since(begun), ids, err
}
