package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// timeMoves times save and load of a large image. What is loaded is what Docker saved, by engines that have nothing yet; without Docker, each loads
// its own archive.
func timeMoves(ctx context.Context, s settings, engines []*engine, r *report) error {
	if s.large == "" {
		return nil
	}
	saves, loads := map[string][]time.Duration{}, map[string][]time.Duration{}
	for round := range s.pulls {
		say("save and load of %s, round %d of %d", s.large, round+1, s.pulls)
		work := filepath.Join(s.work, fmt.Sprintf("move%d", round))
		archives := map[string]string{}
		for _, e := range known(s.bin, filepath.Join(work, "from")) {
			if !has(engines, e.name) {
				continue
			}
			archives[e.name] = filepath.Join(work, e.name+".tar")
			took, err := timeSave(ctx, s, e, archives[e.name])
			e.stop()
			if err != nil {
				return err
			}
			saves[e.name] = append(saves[e.name], took)
		}
		for _, e := range known(s.bin, filepath.Join(work, "to")) {
			if !has(engines, e.name) {
				continue
			}
			archive := archives[e.name]
			if docker, ok := archives["docker"]; ok {
				archive = docker
			}
			took, err := timeLoad(ctx, e, archive)
			e.stop()
			if err != nil {
				return err
			}
			loads[e.name] = append(loads[e.name], took)
		}
	}
	r.durations("save of that image to a file (ms)", saves)
	r.goal("tug", "docker", "at most", 0.5)
	r.durations("load of what Docker saved of it (ms)", loads)
	r.goal("tug", "docker", "at most", 0.5)
	return nil
}

func timeSave(ctx context.Context, s settings, e *engine, archive string) (time.Duration, error) {
	if err := e.startBeside(ctx); err != nil {
		return 0, err
	}
	if _, err := output(ctx, e.pull(s.large)); err != nil {
		return 0, err
	}
	settle()
	return timed(ctx, e.command("save", "-o", archive, s.large))
}

func timeLoad(ctx context.Context, e *engine, archive string) (time.Duration, error) {
	if err := e.startBeside(ctx); err != nil {
		return 0, err
	}
	settle()
	return timed(ctx, slices.Concat(e.command("load"), []string{"-i", archive}))
}
