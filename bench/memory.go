package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// settling is how long containers are left alone before their memory is measured.
const settling = 5 * time.Second

// measureMemory measures what an idle container costs beside its own process: its parent, which each engine has for each
// container. Of what several processes share, each is charged its part (PSS).
func measureMemory(ctx context.Context, s settings, engines []*engine, r *report) error {
	sizes := map[string]float64{}
	for _, e := range engines {
		say("memory of %d idle containers with %s", s.idle, e.name)
		var ids []string
		for range s.idle {
			id, err := output(ctx, e.command("run", "-d", e.image("busybox"), "sleep", "100000"))
			if err != nil {
				return err
			}
			ids = append(ids, strings.TrimSpace(id))
		}
		time.Sleep(settling)
		pids, err := output(ctx, e.command(append([]string{"inspect", "-f", "{{.State.Pid}}"}, ids...)...))
		if err != nil {
			return err
		}
		for _, pid := range strings.Fields(pids) {
			kib, err := parentsMemory(pid)
			if err != nil {
				return err
			}
			sizes[e.name] += kib / float64(s.idle)
		}
		if _, err := output(ctx, e.command(append([]string{"rm", "-f"}, ids...)...)); err != nil {
			return err
		}
	}
	r.rates(fmt.Sprintf("memory of the parent of an idle container, one of %d (KiB PSS)", s.idle), sizes)
	r.goal("tug", "docker", "at most", 0.5)
	return nil
}

// parentsMemory is the proportional set size of a process's parent in KiB.
func parentsMemory(pid string) (float64, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, err
	}
	parent, err := field(string(status), "PPid:")
	if err != nil {
		return 0, err
	}
	rollup, err := os.ReadFile("/proc/" + parent + "/smaps_rollup")
	if err != nil {
		return 0, err
	}
	kib, err := field(string(rollup), "Pss:")
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(kib, 64)
}

// field gives the first word after a name at the beginning of a line.
func field(text, name string) (string, error) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			return f[1], nil
		}
	}
	return "", fmt.Errorf("no line %s", name)
}
