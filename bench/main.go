// Command bench times what a person types to tug, docker and podman, and the same without any engine, in one run:
// interleaved, so that whatever else the machine does meets all of them. bench/run sets the scene and starts it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

type settings struct {
	bin, work, images string
	rounds            int // of each timed command
	restarts          int // of each daemon
	starts, atATime   int // detached containers
	engines, only     string
	large             string // image to pull
	pulls             int
	watched, listed   int // containers
	kept              int // images in a list
	logs              int // rounds of logs
	builds            int // rounds of builds
	idle              int // containers whose parents' memory is measured
}

func main() {
	var s settings
	flag.StringVar(&s.bin, "bin", "bin", "folder with tug and tugd")
	flag.StringVar(&s.work, "work", "", "empty folder for the engines' data")
	flag.StringVar(&s.images, "images", "", "docker archive with the images true and busybox")
	flag.IntVar(&s.rounds, "rounds", 30, "rounds of each timed command")
	flag.IntVar(&s.restarts, "restarts", 5, "times that each daemon is started afresh")
	flag.IntVar(&s.starts, "starts", 200, "detached containers to start")
	flag.IntVar(&s.atATime, "at-a-time", 8, "detached starts that go on at the same time")
	flag.StringVar(&s.engines, "engines", "tug,docker,podman", "which engines to measure")
	flag.StringVar(&s.only, "only", "runs,execs,looks,memory,logs,restarts,detached,builds,pulls,moves", "what to measure")
	flag.StringVar(&s.large, "large", "", "image in the registry whose pull is measured")
	flag.IntVar(&s.pulls, "pulls", 3, "rounds of pulls")
	flag.IntVar(&s.watched, "watched", 100, "running containers whose figures are asked for, and starts that go on meanwhile")
	flag.IntVar(&s.listed, "listed", 1000, "containers in a list")
	flag.IntVar(&s.kept, "kept", 500, "images in a list")
	flag.IntVar(&s.logs, "logs", 3, "rounds of logs")
	flag.IntVar(&s.builds, "builds", 3, "rounds of builds")
	flag.IntVar(&s.idle, "idle", 20, "idle containers whose memory is measured")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) (err error) {
	work, err := filepath.Abs(s.work)
	if err != nil {
		return err
	}
	var engines []*engine
	for _, e := range known(s.bin, work) {
		if slices.Contains(strings.Split(s.engines, ","), e.name) {
			engines = append(engines, e)
		}
	}
	defer func() {
		for _, e := range engines {
			e.stop()
		}
	}()
	for _, e := range engines {
		say("starting %s", e.name)
		if err := e.prepare(ctx, s.images, s.only != "pulls" && s.only != "moves"); err != nil {
			return err
		}
	}

	r := newReport(engines)
	for _, m := range []struct {
		name string
		run  func(context.Context, settings, []*engine, *report) error
	}{
		{"runs", timeRuns}, {"execs", timeExecs}, {"looks", timeLooks}, {"memory", measureMemory}, {"logs", timeLogs}, {"restarts", timeRestarts}, {"detached", timeDetached}, {"builds", timeBuilds}, {"pulls", timePulls}, {"moves", timeMoves},
	} {
		if !slices.Contains(strings.Split(s.only, ","), m.name) {
			continue
		}
		if err := m.run(ctx, s, engines, r); err != nil {
			return err
		}
	}
	fmt.Print(r)
	return nil
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
