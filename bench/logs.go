package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A container writes so many bytes in lines of so many, and one writes them so often that its log is long.
const (
	logged     = 100_000_000
	lineLength = 100
	often      = 10
)

// timeLogs times how long it takes until a container's output is in its log, until that is shown, and until the end of a long one is.
func timeLogs(ctx context.Context, s settings, engines []*engine, r *report) error {
	lines := filepath.Join(s.work, "lines")
	if err := os.WriteFile(lines, bytes.Repeat([]byte(strings.Repeat("x", lineLength-1)+"\n"), logged/lineLength), 0o644); err != nil {
		return err
	}
	written, shown := map[string][]time.Duration{}, map[string][]time.Duration{}
	for round := range s.logs {
		for _, e := range engines {
			if e.daemon == nil {
				continue
			}
			say("a log of %d MB with %s, round %d of %d", logged/1_000_000, e.name, round+1, s.logs)
			took, err := writeLog(ctx, e, lines, 1)
			if err != nil {
				return err
			}
			written[e.name] = append(written[e.name], took)
			if took, err = timed(ctx, e.command("logs", "talks")); err != nil {
				return err
			}
			shown[e.name] = append(shown[e.name], took)
			if _, err := output(ctx, e.command("rm", "talks")); err != nil {
				return err
			}
		}
	}
	r.durations(fmt.Sprintf("%d MB of lines until they are in the log (ms)", logged/1_000_000), written)
	r.goal("tug", "docker", "at most", 0.25)
	r.durations("`logs` of them (ms)", shown)
	r.goal("tug", "docker", "at most", 0.25)
	return timeTails(ctx, s, engines, lines, r)
}

// timeTails times the end of a log that takes the others minutes to write: it is measured with tug alone.
func timeTails(ctx context.Context, s settings, engines []*engine, lines string, r *report) error {
	for _, e := range engines {
		if e.name != "tug" {
			continue
		}
		say("a log of %d MB with %s", often*logged/1_000_000, e.name)
		if _, err := writeLog(ctx, e, lines, often); err != nil {
			return err
		}
		times, err := interleave(ctx, s.rounds, []subject{{e.name, e.command("logs", "--tail", "10", "talks")}})
		if err != nil {
			return err
		}
		r.durations(fmt.Sprintf("`logs --tail 10` of %d MB (ms)", often*logged/1_000_000), times)
		r.limit("tug", 20)
		if _, err := output(ctx, e.command("rm", "talks")); err != nil {
			return err
		}
	}
	return nil
}

// writeLog runs the container `talks`, which writes the lines so many times, to its end.
func writeLog(ctx context.Context, e *engine, lines string, times int) (time.Duration, error) {
	script := strings.Repeat("cat /lines; ", times)
	begun := time.Now()
	_, err := output(ctx, e.command("run", "-d", "--name", "talks", "--log-driver", "json-file", "--log-opt", "max-size=4g",
		"-v", lines+":/lines:ro", e.image("busybox"), "sh", "-c", script))
	if err != nil {
		return 0, err
	}
	_, err = output(ctx, e.command("wait", "talks"))
	return time.Since(begun), err
}
