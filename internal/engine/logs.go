package engine

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/logs"
	"tug/internal/logs/logopt"
	"tug/internal/logs/logread"
	"tug/internal/shim"
)

// Logs that no option limits are kept to this, so that no container fills the disk.
const (
	logSize  = 20 << 20 // bytes
	logFiles = 5
)

// logOptions says to the shim where the container's output is kept.
func (e *Engine) logOptions(r *container.Record) (shim.Log, error) {
	c, err := logopt.Resolve(r.Host.LogConfig.Type, r.Host.LogConfig.Config, logs.Options{MaxSize: logSize, MaxFiles: logFiles}, logopt.Container{
		ID: r.ID, Name: r.Name, ImageID: r.ImageID, ImageName: r.Config.Image, Command: append([]string{r.Path}, r.Args...),
		Created: r.Created, Env: r.Config.Env, Labels: r.Config.Labels, LogPath: e.logPath(r.ID), DaemonName: "tug", Config: r.Host.LogConfig.Config,
	})
	if err != nil || c.Driver == logopt.None {
		return shim.Log{}, err
	}
	o := c.Options
	return shim.Log{Path: e.logPath(r.ID), MaxSize: o.MaxSize, MaxFiles: o.MaxFiles, Compress: o.Compress, Attrs: o.Attrs}, nil
}

// Logs gives what the container has put out to fn, an entry a line, and with Follow goes on until the container has
// ended or ctx ends. Errors: NotFound, NotImplemented (the container keeps no log).
func (e *Engine) Logs(ctx context.Context, ref string, o logread.ReadOptions, fn func(logread.Entry) error) error {
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	if r.Host.LogConfig.Type == logopt.None {
		return noLog()
	}
	if !exists(e.logPath(r.ID)) && !o.Follow {
		return nil
	}
	ended := make(chan struct{})
	if run, ok := e.run(r.ID); ok {
		ended = run.exited
	} else {
		close(ended)
	}
	return e.logReader.Read(ctx, e.logPath(r.ID), o, ended, fn)
}

// ClearLogs empties a container's log, also while it is written and followed. Errors: NotFound, NotImplemented (the
// container keeps no log).
func (e *Engine) ClearLogs(ctx context.Context, ref string) error {
	r, release, err := e.containers.Claim(ctx, ref) // a start mends the log, and must not be disturbed
	if err != nil {
		return err
	}
	defer release()
	if r.Host.LogConfig.Type == logopt.None {
		return noLog()
	}
	return logs.Clear(e.logPath(r.ID))
}

func noLog() error {
	return fmt.Errorf("configured logging driver does not support reading: %w", errdefs.ErrNotImplemented)
}
