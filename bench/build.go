package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Of the contexts that are built.
const (
	runSteps   = 10
	smallFiles = 5000
	smallSize  = 4 << 10
	bigFiles   = 500
	bigSize    = 1 << 20
)

// builder is a way to build with an engine. Docker has two, the classic one and BuildKit; its times stand in one column, in rows of their own.
type builder struct {
	*engine
	env string // what is set before the command, or nothing
}

func (b builder) build(folder string, flags ...string) []string {
	var argv []string
	if b.env != "" {
		argv = append(argv, "env", b.env)
	}
	argv = append(argv, b.command("build", "-q")...)
	return append(append(argv, flags...), folder)
}

// timeBuilds times builds of four contexts, by docker's classic builder and by its BuildKit: steps that run something, without and with their
// cache, many small files, and a large context of which one file is another.
func timeBuilds(ctx context.Context, s settings, engines []*engine, r *report) error {
	for _, way := range []struct{ name, env string }{{"Docker's classic builder", "DOCKER_BUILDKIT=0"}, {"Docker's BuildKit", "DOCKER_BUILDKIT=1"}} {
		var builders []builder
		for _, e := range engines {
			b := builder{engine: e}
			if e.name == "docker" {
				b.env = way.env
			}
			builders = append(builders, b)
		}
		say("builds, %s", way.name)
		if err := timeSteps(ctx, s, builders, r, way.name); err != nil {
			return err
		}
		if err := timeCopy(ctx, s, builders, r, way.name); err != nil {
			return err
		}
		if err := timeChange(ctx, s, builders, r, way.name); err != nil {
			return err
		}
	}
	return nil
}

func timeSteps(ctx context.Context, s settings, builders []builder, r *report, way string) error {
	folders := map[string]string{}
	for _, b := range builders {
		var file strings.Builder
		fmt.Fprintf(&file, "FROM %s\n", b.image("busybox"))
		for i := range runSteps {
			fmt.Fprintf(&file, "RUN echo %d >/step%d\n", i, i)
		}
		folder := filepath.Join(s.work, "steps-"+b.name)
		if err := writeContext(folder, file.String(), 0, 0); err != nil {
			return err
		}
		folders[b.name] = folder
	}
	times, err := interleave(ctx, s.builds, builds(builders, folders, "--no-cache"))
	if err != nil {
		return err
	}
	r.durations(fmt.Sprintf("build of %d RUN steps without cache (ms; %s)", runSteps, way), times)
	r.goal("tug", "docker", "at most", 0.1)
	if times, err = interleave(ctx, s.builds, builds(builders, folders)); err != nil {
		return err
	}
	r.durations(fmt.Sprintf("the same, all from the cache (ms; %s)", way), times)
	r.goal("tug", "docker", "at most", 0.5)
	return nil
}

func timeCopy(ctx context.Context, s settings, builders []builder, r *report, way string) error {
	folders := map[string]string{}
	for _, b := range builders {
		folder := filepath.Join(s.work, "copy-"+b.name)
		if err := writeContext(folder, "FROM scratch\nCOPY . /files/\n", smallFiles, smallSize); err != nil {
			return err
		}
		folders[b.name] = folder
	}
	times, err := interleave(ctx, s.builds, builds(builders, folders, "--no-cache"))
	if err != nil {
		return err
	}
	r.durations(fmt.Sprintf("build that copies %d files of %d KiB (ms; %s)", smallFiles, smallSize>>10, way), times)
	r.goal("tug", "docker", "at most", 0.2)
	return nil
}

// timeChange builds a large context twice, one file being another the second time, and tells the second's time and what was sent to the daemon.
func timeChange(ctx context.Context, s settings, builders []builder, r *report, way string) error {
	times, sent := map[string][]time.Duration{}, map[string]float64{}
	for _, b := range builders {
		folder := filepath.Join(s.work, "large-"+b.name)
		if err := writeContext(folder, "FROM scratch\nCOPY . /files/\n", bigFiles, bigSize); err != nil {
			return err
		}
		if _, err := timed(ctx, b.build(folder)); err != nil {
			return err
		}
		for range s.builds {
			if err := writeFile(filepath.Join(folder, "0"), bigSize); err != nil {
				return err
			}
			took, bytes, err := b.timeCounted(ctx, folder)
			if err != nil {
				return err
			}
			times[b.name] = append(times[b.name], took)
			if b.daemon != nil {
				sent[b.name] = max(sent[b.name], float64(bytes)/1e6)
			}
		}
	}
	r.durations(fmt.Sprintf("build after one file of 1 MiB of a context of %d MiB is another (ms; %s)", bigFiles*bigSize>>20, way), times)
	r.rates(fmt.Sprintf("what that sends to the daemon, at most (MB; %s)", way), sent)
	return nil
}

// timeCounted builds through a socket that counts what goes to the daemon, if there is one.
func (b builder) timeCounted(ctx context.Context, folder string) (took time.Duration, sent int64, err error) {
	if b.daemon == nil {
		took, err = timed(ctx, b.build(folder))
		return took, 0, err
	}
	counted, err := count(b.work, b.socket)
	if err != nil {
		return 0, 0, err
	}
	defer counted.close()
	through := *b.engine
	through.cli = []string{b.cli[0], "-H", "unix://" + counted.path}
	took, err = timed(ctx, builder{&through, b.env}.build(folder))
	return took, counted.sent(), err
}

func builds(builders []builder, folders map[string]string, flags ...string) []subject {
	var subjects []subject
	for _, b := range builders {
		subjects = append(subjects, subject{b.name, b.build(folders[b.name], flags...)})
	}
	return subjects
}

// writeContext makes a folder with a Dockerfile, and files of that number and size, unless they are there already.
func writeContext(folder, dockerfile string, files, size int) error {
	if err := os.Mkdir(folder, 0o755); os.IsExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return err
	}
	for i := range files {
		if err := writeFile(filepath.Join(folder, strconv.Itoa(i)), size); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, size int) error {
	content := make([]byte, size)
	_, _ = rand.Read(content)
	return os.WriteFile(path, content, 0o644)
}
