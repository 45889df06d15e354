package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// timeLooks times what people type to see how their containers fare: with many of them, and while the daemon is busy with what takes long.
func timeLooks(ctx context.Context, s settings, engines []*engine, r *report) error {
	var daemons []*engine
	for _, e := range engines {
		if e.daemon != nil {
			daemons = append(daemons, e)
		}
	}
	for _, measure := range []func(context.Context, settings, []*engine, *report) error{timeStats, timeBusy, timeLists, timeImages} {
		if err := measure(ctx, s, daemons, r); err != nil {
			return err
		}
	}
	return nil
}

// timeStats times the figures of many running containers.
func timeStats(ctx context.Context, s settings, engines []*engine, r *report) error {
	s.starts = s.watched
	var subjects []subject
	for _, e := range engines {
		say("stats of %d containers with %s", s.watched, e.name)
		_, ids, err := startDetached(ctx, s, e)
		if err != nil {
			return err
		}
		defer removeAll(ctx, e, ids)
		subjects = append(subjects, subject{e.name, e.command("stats", "--no-stream")})
	}
	times, err := interleave(ctx, max(s.rounds/3, 1), subjects)
	if err != nil {
		return err
	}
	r.durations(fmt.Sprintf("`stats --no-stream` of %d containers (ms)", s.watched), times)
	r.limit("tug", 300)
	return nil
}

// timeLists times lists of many containers, nearly all of which do not run.
func timeLists(ctx context.Context, s settings, engines []*engine, r *report) error {
	var subjects []subject
	for _, e := range engines {
		say("ps of %d containers with %s", s.listed, e.name)
		ids, err := atOnce(ctx, s.atATime, s.listed, e.command("create", e.image("busybox"), "sleep", "100000"))
		if err != nil {
			return err
		}
		defer removeAll(ctx, e, ids)
		subjects = append(subjects, subject{e.name, e.command("ps", "-a")})
	}
	times, err := interleave(ctx, s.rounds, subjects)
	if err != nil {
		return err
	}
	r.durations(fmt.Sprintf("`ps -a` of %d containers (ms)", s.listed), times)
	r.limit("tug", 30)
	return nil
}

// timeBusy times looks while a container does not stop, a large image is pulled, and containers are started, all at the same time.
func timeBusy(ctx context.Context, s settings, engines []*engine, r *report) error {
	looks := []struct {
		what string
		args []string
	}{
		{"ps", []string{"ps"}}, {"inspect", []string{"inspect", "idle"}}, {"stats --no-stream", []string{"stats", "--no-stream", "idle"}},
	}
	times := make([]map[string][]time.Duration, len(looks))
	for i := range times {
		times[i] = map[string][]time.Duration{}
	}
	for _, e := range engines {
		say("looks while %s is busy", e.name)
		busy, err := keepBusy(ctx, s, e)
		if err != nil {
			return err
		}
		for n := 0; n < 3 || busy.goesOn(); n++ { // those that come too late are timed all the same
			for i, look := range looks {
				took, err := timed(ctx, e.command(look.args...))
				if err != nil {
					return err
				}
				times[i][e.name] = append(times[i][e.name], took)
			}
		}
		if err := busy.end(); err != nil {
			return err
		}
	}
	for i, look := range looks {
		r.durations(fmt.Sprintf("`%s` while a stop hangs, a pull runs and %d starts are under way (ms)", look.what, s.watched), times[i])
	}
	return nil
}

// busy is work that a daemon has.
type busy struct {
	work sync.WaitGroup
	done chan struct{} // closed with the last of the work
	stop func()        // gives up what hangs, and removes what was made

	mu  sync.Mutex // guards err
	err error
}

// keepBusy gives a daemon a container that does not stop, an image to pull, and containers to start.
func keepBusy(ctx context.Context, s settings, e *engine) (*busy, error) {
	if _, err := output(ctx, e.command("run", "-d", "--name", "deaf", e.image("busybox"), "sh", "-c", "trap '' TERM; while :; do sleep 1; done")); err != nil {
		return nil, err
	}
	hanging, cancel := context.WithCancel(ctx)
	var hangs sync.WaitGroup
	hangs.Go(func() { _, _ = output(hanging, e.command("stop", "-t", "1000", "deaf")) }) // is killed in the end
	b := &busy{done: make(chan struct{})}
	var ids []string
	b.work.Go(func() {
		var err error
		if ids, err = atOnce(ctx, s.atATime, s.watched, e.command("run", "-d", e.image("busybox"), "sleep", "100000")); err != nil {
			b.fail(err)
		}
	})
	if s.large != "" {
		b.work.Go(func() {
			if _, err := output(ctx, e.command("pull", "-q", s.large)); err != nil {
				b.fail(err)
			}
		})
	}
	go func() {
		b.work.Wait()
		close(b.done)
	}()
	b.stop = func() {
		cancel()
		hangs.Wait()
		removeAll(ctx, e, append(ids, "deaf"))
	}
	return b, nil
}

func (b *busy) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *busy) goesOn() bool {
	select {
	case <-b.done:
		return false
	default:
		return true
	}
}

func (b *busy) end() error {
	<-b.done
	b.stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// atOnce runs a command n times, several at a time, and gives what each printed.
func atOnce(ctx context.Context, atATime, n int, argv []string) ([]string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	printed := make([]string, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for range atATime {
		workers.Go(func() {
			for i := range next {
				out, err := output(ctx, argv)
				if err != nil {
					cancel(err)
				}
				printed[i] = strings.TrimSpace(out)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	return printed, context.Cause(ctx)
}

// removeAll removes containers, as many in one command as fit its line.
func removeAll(ctx context.Context, e *engine, ids []string) {
	for len(ids) > 0 {
		n := min(len(ids), 100)
		if _, err := output(ctx, e.command(append([]string{"rm", "-f"}, ids[:n]...)...)); err != nil {
			say("%v", err)
		}
		ids = ids[n:]
	}
}
