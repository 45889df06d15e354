package api

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"

	"github.com/moby/moby/api/types/container"

	"tug/internal/engine"
	"tug/internal/frame"
)

// Headers of the answer to POST /tug/run.
const (
	headerContainer = "Tug-Container" // its ID, also if it could not be started
	headerWarnings  = "Tug-Warnings"  // a JSON array, in base64
)

// tugRun creates a container and starts it, with the body of a create request: all of `run` in one round trip, which is
// tug's own. With the query's detach=1 it answers as to a create request. Otherwise the connection becomes the container's
// standard streams once it runs, as with attach, and a last frame tells how it ended; for a terminal, which has no frames,
// there are the calls of Docker.
func tugRun(c *call) error {
	req, warnings, err := c.takeCreate()
	if err != nil {
		return err
	}
	if req.Config.Tty {
		return invalid("a container with a terminal is created, attached to and started one by one")
	}
	var streams *engine.AttachOptions
	if !c.flag("detach") {
		o := c.attachOptions()
		o.Stream, o.Logs = true, false
		streams = &o
	}
	run, err := c.engine.Run(c.ctx(), req, streams)
	if run != nil {
		c.w.Header().Set(headerContainer, run.ID)
	}
	if err != nil {
		return err
	}
	warnings = append(run.Warnings, warnings...)
	if run.Session == nil {
		if warnings == nil {
			warnings = []string{}
		}
		return c.json(http.StatusCreated, container.CreateResponse{ID: run.ID, Warnings: warnings})
	}
	if len(warnings) > 0 {
		list, err := json.Marshal(warnings)
		if err != nil {
			run.Session.Leave()
			return err
		}
		c.w.Header().Set(headerWarnings, base64.StdEncoding.EncodeToString(list))
	}
	return c.serveRun(run)
}

// serveRun runs the session on the connection and then tells the container's end.
func (c *call) serveRun(run *Running) error {
	stream, err := c.hijack(false)
	if err != nil {
		run.Session.Leave()
		return err
	}
	ctx, cancel := stream.whileThere(c.ctx())
	defer cancel()
	if err := run.Session.Serve(ctx, unended{stream}); err != nil {
		c.log.Debug("attached stream ended", "path", c.r.URL.Path, "error", err)
		stream.Close()
		return nil
	}
	var end engine.WaitResult
	select {
	case end = <-run.Exit:
	case <-ctx.Done():
		end.Err = ctx.Err()
	}
	if end.Err != nil {
		stream.Close() // the client is gone, or this daemon is stopping
		return nil
	}
	last := frame.Append(nil, frame.Exit, binary.BigEndian.AppendUint32(nil, uint32(end.ExitCode)))
	_, _ = stream.Write(last) // to a client that is gone there is nothing to say
	stream.linger()
	return nil
}

// unended is a client's side that a session cannot end: more is to come.
type unended struct{ *conversation }

// CloseWrite does nothing.
func (unended) CloseWrite() error { return nil }
