package api

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	moby "github.com/moby/moby/api/types/container"

	"tug/internal/engine"
)

// archivePath is the place in a container that a request is about.
func (c *call) archivePath() (string, error) {
	name := c.query.Get("path")
	switch {
	case name == "":
		return "", invalid("bad parameter: 'path' cannot be empty")
	case strings.Contains(name, "\x00"):
		return "", invalid("bad parameter: 'path' %q has a zero byte, with which a path ends", name)
	}
	return name, nil
}

// containerStatFile answers with what is known of a file in a container, in a header.
func containerStatFile(c *call) error {
	name, err := c.archivePath()
	if err != nil {
		return err
	}
	found, err := c.engine.StatFile(c.ctx(), c.id(), name)
	if err != nil {
		return err
	}
	if err := c.setFileStat(found); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// setFileStat puts what is known of a file into the answer's head.
func (c *call) setFileStat(s engine.FileStat) error {
	text, err := json.Marshal(moby.PathStat{Name: s.Name, Size: s.Size, Mode: s.Mode, Mtime: s.ModTime, LinkTarget: s.Link})
	if err != nil {
		return err
	}
	c.w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(text))
	return nil
}

// containerCopyOut answers with a file or a folder of a container as an archive.
func containerCopyOut(c *call) error {
	name, err := c.archivePath()
	if err != nil {
		return err
	}
	return c.engine.CopyOut(c.ctx(), c.id(), name, func(found engine.FileStat) (io.Writer, error) {
		if err := c.setFileStat(found); err != nil {
			return nil, err
		}
		c.w.Header().Set("Content-Type", "application/x-tar")
		return &c.w, nil
	})
}

// containerCopyIn unpacks the archive that the client sends in a folder of a container.
func containerCopyIn(c *call) error {
	name, err := c.archivePath()
	if err != nil {
		return err
	}
	o := engine.CopyInOptions{KeepKind: c.flag("noOverwriteDirNonDir"), AsUser: c.flag("copyUIDGID")}
	if err := c.engine.CopyIn(c.ctx(), c.id(), name, c.r.Body, o); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}
