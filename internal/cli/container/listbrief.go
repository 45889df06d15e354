package container

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/cli/command/formatter/tabwriter"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// listBriefly lists IDs, or the usual table: what people and scripts ask for most, which with a thousand containers is to take no longer than
// with ten. It asks for no more than it shows, and runs no template for each line.
func (o *listOptions) listBriefly(ctx context.Context, s *session.Session, api *connection.Client, wanted client.ContainerListOptions) error {
	found, err := api.Briefs(ctx, wanted)
	if err != nil {
		return err
	}
	if o.quiet {
		return o.writeIDs(s.Out, found)
	}
	return o.writeTable(s.Out, found, time.Now())
}

func (o *listOptions) writeIDs(to io.Writer, found []connection.Brief) error {
	out := bufio.NewWriter(to)
	for i := range found {
		_, _ = out.WriteString(o.id(&found[i]) + "\n")
	}
	return out.Flush()
}

func (o *listOptions) id(c *connection.Brief) string {
	if o.noTrunc {
		return c.ID
	}
	return formatter.TruncateID(c.ID)
}

func (o *listOptions) writeTable(to io.Writer, found []connection.Brief, now time.Time) error {
	images, err := o.imageNames(found)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	table := tabwriter.NewWriter(out, 10, 1, 3, ' ', 0) // as the formatter has it
	var line bytes.Buffer
	line.WriteString("CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES\n")
	for i := range found {
		c := &found[i]
		command := c.Command
		if !o.noTrunc {
			command = formatter.Ellipsis(command, 20)
		}
		age := units.HumanDuration(now.Sub(time.Unix(c.Created, 0))) + " ago"
		cells := [...]string{o.id(c), images[shownImage(c)], strconv.Quote(command), age, c.Status, formatter.DisplayablePorts(c.Ports), o.names(c)}
		line.WriteString(strings.Join(cells[:], "\t"))
		line.WriteByte('\n')
	}
	if _, err := line.WriteTo(table); err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return out.Flush()
}

// names leaves out what other containers call this one by links, unless nothing is to be left out.
func (o *listOptions) names(c *connection.Brief) string {
	var names []string
	for _, name := range c.Names {
		name = strings.TrimPrefix(name, "/")
		switch {
		case o.noTrunc:
			names = append(names, name)
		case !strings.Contains(name, "/"):
			return name
		}
	}
	return strings.Join(names, ",")
}

// imageRef is what says how an image is shown.
type imageRef struct{ name, id string }

func shownImage(c *connection.Brief) imageRef { return imageRef{c.Image, c.ImageID} }

// imageNames are the images as the formatter shows them, each worked out once: it takes references apart.
func (o *listOptions) imageNames(found []connection.Brief) (map[imageRef]string, error) {
	var kinds []imageRef
	names := map[imageRef]string{}
	var distinct []container.Summary
	for i := range found {
		key := shownImage(&found[i])
		if _, known := names[key]; !known {
			names[key] = ""
			kinds = append(kinds, key)
			distinct = append(distinct, container.Summary{Image: key.name, ImageID: key.id})
		}
	}
	var out bytes.Buffer
	if err := formatter.ContainerWrite(formatter.Context{Output: &out, Format: "{{.Image}}", Trunc: !o.noTrunc}, distinct); err != nil {
		return nil, err
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != len(kinds)+1 {
		return nil, fmt.Errorf("an image has a name of several lines: %q", out.String())
	}
	for i, key := range kinds {
		names[key] = lines[i]
	}
	return names, nil
}
