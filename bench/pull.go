package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// timePulls times the pull of a large image from the registry by engines that have nothing yet, each round with folders of their own. What is removed
// stays until the end: a file system that has just lost many files makes new ones slower.
func timePulls(ctx context.Context, s settings, engines []*engine, r *report) error {
	if s.large == "" {
		return nil
	}
	layers, err := fetchLayers(ctx, s)
	if err != nil {
		return err
	}
	first, second := map[string][]time.Duration{}, map[string][]time.Duration{}
	peak := map[string]float64{}
	for round := range s.pulls {
		work := filepath.Join(s.work, fmt.Sprintf("pull%d", round))
		if err := os.MkdirAll(filepath.Join(work, "limit"), 0o700); err != nil {
			return err
		}
		say("pull of %s, round %d of %d", s.large, round+1, s.pulls)
		settle()
		took, err := timed(ctx, unpackLayers(layers, filepath.Join(work, "limit")))
		if err != nil {
			return err
		}
		first[bare.name] = append(first[bare.name], took)
		for _, e := range known(s.bin, work) {
			if !has(engines, e.name) {
				continue
			}
			a, b, mb, err := timePull(ctx, s, e)
			e.stop()
			if err != nil {
				return err
			}
			first[e.name], second[e.name] = append(first[e.name], a), append(second[e.name], b)
			peak[e.name] = max(peak[e.name], mb)
		}
	}
	r.durations("first pull of a Debian-based image, 8 layers, 870 MB (ms; in the first column `gzip -dc | tar -x` of its layers)", first)
	r.goal("tug", "docker", "at most", 0.5)
	r.goal("tug", "podman", "at most", 0.5)
	r.durations("second pull of it (ms)", second)
	r.rates("memory of the daemon during that, at most (MB)", peak)
	return nil
}

// timePull times an engine's first and second pull, and tells the most memory that its daemon had, 0 if there is none.
func timePull(ctx context.Context, s settings, e *engine) (first, second time.Duration, mb float64, err error) {
	if err := e.startBeside(ctx); err != nil {
		return 0, 0, 0, err
	}
	pull := e.pull(s.large)
	settle()
	if first, err = timed(ctx, pull); err != nil {
		return 0, 0, 0, err
	}
	if second, err = timed(ctx, pull); err != nil {
		return 0, 0, 0, err
	}
	if e.process != nil {
		mb, err = peakMemory(e.process.Process.Pid)
	}
	return first, second, mb, err
}

// startBeside starts an engine that runs no containers, beside another of its kind.
func (e *engine) startBeside(ctx context.Context) error {
	if e.name == "docker" {
		// Else it speaks to its own bridge and firewall, of which there is one.
		e.daemon = append(e.daemon, "--bridge", "none", "--iptables=false")
	}
	if err := os.MkdirAll(e.work, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(e.work, "no-docker.json"), []byte("{}"), 0o600); err != nil {
		return err
	}
	return e.start(ctx)
}

// pull is the command that pulls an image from the registry on loopback.
func (e *engine) pull(image string) []string {
	if e.daemon == nil {
		return e.command("pull", "-q", "--tls-verify=false", image)
	}
	return e.command("pull", "-q", image)
}

func has(engines []*engine, name string) bool {
	for _, e := range engines {
		if e.name == name {
			return true
		}
	}
	return false
}

// settle waits for what was written before to be on the disk.
func settle() { _ = exec.Command("sync").Run() }

// fetchLayers keeps the image's layers as files.
func fetchLayers(ctx context.Context, s settings) ([]string, error) {
	tag, err := name.NewTag(s.large, name.Insecure)
	if err != nil {
		return nil, err
	}
	img, err := remote.Image(tag, remote.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", s.large, err)
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	var files []string
	for i, l := range layers {
		file := filepath.Join(s.work, fmt.Sprintf("layer%d.tar.gz", i))
		from, err := l.Compressed()
		if err != nil {
			return nil, err
		}
		to, err := os.Create(file)
		if err != nil {
			return nil, err
		}
		if _, err := to.ReadFrom(from); err != nil {
			return nil, err
		}
		if err := to.Close(); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// unpackLayers is a command that unpacks layers one after the other into a folder each.
func unpackLayers(files []string, dir string) []string {
	script := `dir=$1; shift; for f; do mkdir "$dir/${f##*/}"; gzip -dc "$f" | tar -x -C "$dir/${f##*/}"; done`
	return append([]string{"sh", "-ec", script, "sh", dir}, files...)
}

// peakMemory is the most memory that a process ever had, in MB.
func peakMemory(pid int) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 64)
			return kb / 1000, err
		}
	}
	return 0, nil
}
