package api

import (
	"encoding/json"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/jsonstream"

	"tug/internal/build"
)

// imageBuild builds an image of what the client sends or names, and tells of it instruction by instruction. For clients that speak of
// BuildKit it tells what BuildKit tells.
func imageBuild(c *call) error {
	if name, ok := strings.CutPrefix(c.query.Get("buildid"), uploadRequest+":"); ok { // the context of a build that another request asks for
		return c.engine.BuildUpload(c.ctx(), name, c.r.Body)
	}
	b, err := c.takeBuild()
	if err != nil {
		return err
	}
	if b.Context == nil {
		if err := c.dropBody(); err != nil {
			return err
		}
	}
	out := c.newJSONStream()
	send := out.send
	var silent []jsonstream.Message // what a quiet build says if it fails
	quiet := c.flag("q")
	if quiet {
		send = func(m jsonstream.Message) { silent = append(silent, m) }
	}
	id, err := c.engine.BuildClassic(c.ctx(), b, func(m build.Message) { send(buildMessage(m)) })
	if err != nil {
		for _, m := range silent {
			out.send(m)
		}
		return out.end(err)
	}
	switch {
	case quiet && !b.Trace:
		out.send(jsonstream.Message{Stream: id + "\n"})
	case b.Trace && id != "":
		out.send(jsonstream.Message{ID: "moby.image.id", Aux: auxOf(map[string]string{"ID": id})})
	case id != "":
		sayBuilt(out, id, b.Tags)
	}
	return out.end(nil)
}

// buildCancel ends a build that a client has given an ID. One that there is not is none that goes on.
func buildCancel(c *call) error {
	name := c.query.Get("id")
	if name == "" {
		return invalid("build ID not provided")
	}
	c.engine.BuildCancel(name)
	return nil
}

// sayBuilt tells which image was made, and what it is called.
func sayBuilt(out *jsonStream, id string, tags []string) {
	out.send(jsonstream.Message{Aux: auxOf(map[string]string{"ID": id})})
	out.send(jsonstream.Message{Stream: "Successfully built " + id[len("sha256:"):][:12] + "\n"})
	for _, t := range tags {
		if named, err := reference.ParseNormalizedNamed(t); err == nil {
			out.send(jsonstream.Message{Stream: "Successfully tagged " + reference.FamiliarString(named) + "\n"})
		}
	}
}

// buildMessage converts what a build tells.
func buildMessage(m build.Message) jsonstream.Message {
	switch {
	case m.Trace != nil:
		return jsonstream.Message{ID: "moby.buildkit.trace", Aux: auxOf(m.Trace)}
	case m.Pull != nil:
		out := jsonstream.Message{Status: m.Pull.Status, ID: m.Pull.ID}
		if m.Pull.ID != "" || m.Pull.Total > 0 {
			out.Progress = &jsonstream.Progress{Current: m.Pull.Current, Total: m.Pull.Total}
		}
		return out
	}
	return jsonstream.Message{Stream: m.Stream}
}

// auxOf is what a message carries for programs.
func auxOf(v any) *json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		return nil // of what is passed here, all can be marshalled
	}
	raw := json.RawMessage(text)
	return &raw
}
