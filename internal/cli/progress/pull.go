package progress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/cli/cli/streams"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/jsonstream"
)

const (
	drawEvery   = 100 * time.Millisecond
	speedWindow = 3 * time.Second // over which the speed is taken
	barWidth    = 24
)

// Pull shows a pull: on a terminal one line, drawn over, of how much has come, how fast, and how long it will take; elsewhere nothing
// until it has ended, and then one line. It returns the error that the daemon put into the stream, if any.
func Pull(ctx context.Context, stream io.Reader, out *streams.Out) error {
	p := &pulling{out: out, now: time.Now, began: time.Now(), layers: map[string]*pulledLayer{}}
	if out.IsTerminal() {
		_, width := out.GetTtySize()
		p.width = int(width)
	}
	return p.run(ctx, stream)
}

// pulling is a pull as it is shown.
type pulling struct {
	out    io.Writer
	width  int // of the terminal in columns, 0 if it is none
	now    func() time.Time
	began  time.Time
	drawn  time.Time
	layers map[string]*pulledLayer
	points []point // of the last seconds
}

type pulledLayer struct {
	at, size int64 // bytes that have come
	done     bool
}

// point is how much had come at a time.
type point struct {
	when  time.Time
	bytes int64
}

func (p *pulling) run(ctx context.Context, stream io.Reader) error {
	in := json.NewDecoder(&untilDone{ctx, stream})
	for {
		var m jsonstream.Message
		err := in.Decode(&m)
		switch {
		case errors.Is(err, io.EOF):
			p.wipe()
			return ctx.Err()
		case err != nil:
			p.wipe()
			return err
		case m.Error != nil:
			p.wipe()
			return m.Error
		case m.ID == "":
			p.say(m.Status)
		default:
			p.note(m)
		}
	}
}

// say shows a line that is about no layer.
func (p *pulling) say(line string) {
	p.wipe()
	switch {
	case p.width > 0:
		_, _ = fmt.Fprintln(p.out, line)
	case !strings.HasPrefix(line, "Status: "):
		return
	default:
		if bytes, _ := p.sum(); bytes > 0 {
			line += fmt.Sprintf(" (%s in %s)", units.HumanSizeWithPrecision(float64(bytes), 3), p.now().Sub(p.began).Round(100*time.Millisecond))
		}
		_, _ = fmt.Fprintln(p.out, line)
	}
	if strings.HasPrefix(line, "Status: ") { // the next image, if all tags are pulled
		clear(p.layers)
		p.points, p.began = nil, p.now()
	}
}

// note takes in what is new of a layer.
func (p *pulling) note(m jsonstream.Message) {
	if strings.HasPrefix(m.Status, "Pulling from ") || strings.HasPrefix(m.Status, "Retrying in ") {
		return // its ID is a tag
	}
	l := p.layers[m.ID]
	if l == nil {
		l = &pulledLayer{}
		p.layers[m.ID] = l
	}
	switch m.Status {
	case "Downloading":
		if m.Progress != nil {
			l.at, l.size = m.Progress.Current, max(m.Progress.Total, l.size)
		}
	case "Verifying Checksum", "Download complete":
		l.at = l.size
	case "Pull complete", "Already exists":
		l.at, l.done = l.size, true
	}
	p.draw()
}

// sum is how many bytes have come, and how many there are of the layers of which that is known.
func (p *pulling) sum() (at, size int64) {
	for _, l := range p.layers {
		at += l.at
		size += l.size
	}
	return at, size
}

func (p *pulling) draw() {
	now := p.now()
	if p.width == 0 || now.Sub(p.drawn) < drawEvery {
		return
	}
	p.drawn = now
	_, _ = fmt.Fprintf(p.out, "\r%s\x1b[K", p.line(now))
}

// wipe takes the bar away.
func (p *pulling) wipe() {
	if p.width > 0 && !p.drawn.IsZero() {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}

// line is the bar, as wide as the terminal at most.
func (p *pulling) line(now time.Time) string {
	at, size := p.sum()
	done := 0
	for _, l := range p.layers {
		if l.done {
			done++
		}
	}
	full := 0
	if size > 0 {
		full = int(barWidth * at / size)
	}
	text := fmt.Sprintf("[%s%s] %s/%s", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), human(at), human(size))
	if speed := p.speed(point{now, at}); speed > 0 && at < size {
		text += fmt.Sprintf("  %s/s  %s left", human(int64(speed)), time.Duration(float64(size-at)/speed*float64(time.Second)).Round(time.Second))
	} else if at == size && size > 0 {
		text += "  unpacking"
	}
	text += fmt.Sprintf("  %d of %d layers", done, len(p.layers))
	return text[:min(len(text), max(p.width-1, 0))]
}

// speed is in bytes a second, over the last seconds; 0 if it is not known yet.
func (p *pulling) speed(latest point) float64 {
	p.points = append(p.points, latest)
	for len(p.points) > 2 && latest.when.Sub(p.points[1].when) >= speedWindow {
		p.points = p.points[1:]
	}
	took := latest.when.Sub(p.points[0].when)
	if took < drawEvery {
		return 0
	}
	return float64(latest.bytes-p.points[0].bytes) / took.Seconds()
}

func human(bytes int64) string { return units.HumanSizeWithPrecision(float64(bytes), 3) }
