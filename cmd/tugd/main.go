// Command tugd is the daemon: it serves the Docker Engine API on a socket and keeps containers, images, networks and
// volumes. It may be stopped, killed or replaced at any time; containers go on without it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"tug/internal/api"
	"tug/internal/engine"
	"tug/internal/fault"
)

func main() {
	c, err := configure(os.Args[1:])
	switch {
	case errors.Is(err, errHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "tugd:", fault.Words(err))
		os.Exit(2)
	}
	if err := run(c); err != nil {
		fmt.Fprintln(os.Stderr, "tugd:", fault.Words(err))
		os.Exit(1)
	}
}

// run opens the engine, serves it until a signal, and closes it. Containers go on running.
func run(c *config) error {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	reloads := make(chan os.Signal, 1)
	signal.Notify(reloads, unix.SIGHUP)
	defer signal.Stop(reloads)
	level := &slog.LevelVar{}
	level.Set(c.level())
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: fault.Plain}))
	unix.Umask(0o022)
	logrus.SetLevel(logrus.ErrorLevel) // libraries warn of what is no matter here
	debug.SetGCPercent(400)            // the heap is small and starts are many: collect less often
	raiseOpenFiles(log)
	if err := c.Proxies.export(); err != nil {
		return err
	}

	release, err := writePid(c.Pidfile)
	if err != nil {
		return err
	}
	defer release()
	listeners, err := c.listen(log) // before anything is made on the host: it may not be allowed to, or there may be another daemon
	if err != nil {
		return err
	}
	e, err := engine.Open(ctx, c.engine(log))
	if err != nil {
		closeAll(listeners)
		return err
	}
	if err := ownTemporary(c.DataRoot); err != nil {
		closeAll(listeners)
		return errors.Join(err, e.Close(context.Background()))
	}
	requests, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler:           api.New(api.Options{Engine: api.Of(e), Log: log, Version: version}),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		log.Info("serving the API", "address", l.Addr().String())
		go func() { failed <- server.Serve(l) }()
	}
	ready()
	for current := c; ctx.Err() == nil && err == nil; {
		select {
		case <-ctx.Done():
			log.Info("stopping; the containers go on")
		case err = <-failed:
		case <-reloads:
			current = current.reload(c, e, level, log)
		}
	}
	cancel()
	grace, end := context.WithTimeout(context.Background(), 5*time.Second)
	defer end()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	return errors.Join(err, e.Close(context.Background()))
}

// raiseOpenFiles raises the limit of open files to the highest allowed: a thousand containers need some thousands.
func raiseOpenFiles(log *slog.Logger) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return
	}
	l.Cur = l.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		log.Debug("raise the limit of open files", "error", err)
	}
}
