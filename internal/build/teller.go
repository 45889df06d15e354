package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/opencontainers/go-digest"
)

// Message is what a build tells of itself: one of its fields is set.
type Message struct {
	Stream string    // text as it is
	Pull   *Progress // of a base image
	Trace  []byte    // BuildKit's own progress, encoded
}

// Progress tells how far a pull is. It has what Docker's progress messages have.
type Progress struct {
	ID, Status     string
	Current, Total int64 // bytes
}

// teller tells of a build as the classic builder does, instruction by instruction. BuildKit executes them when it can: what is told of those
// that come later waits for its turn.
type teller struct {
	context string // tells contexts from one another

	mu     sync.Mutex // guards what follows, and is held while tell is called
	tell   func(Message)
	script *script
	states []state            // of the lines
	at     int                // the line that is told of
	prior  string             // ID of what the lines before have made
	image  string             // ID of what the last line has made, once it is known
	ends   map[string]string  // IDs of what stages have made
	known  map[string]*vertex // by digest
}

// state is how far a line is.
type state struct {
	headed, announced, done, cached, failed bool

	id      string
	waiting int // vertices of it that are not complete
	pending []Message
}

// vertex is something that BuildKit executes for a line.
type vertex struct {
	line     int
	complete bool
}

func newTeller(context string, tell func(Message)) *teller {
	return &teller{tell: tell, context: context, ends: map[string]string{}, known: map[string]*vertex{}}
}

func (t *teller) stream(format string, args ...any) {
	t.tell(Message{Stream: fmt.Sprintf(format, args...)})
}

// begin says what the build goes through, and begins with it.
func (t *teller) begin(s *script) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.script, t.states = s, make([]state, len(s.lines))
	for i, l := range s.lines {
		t.states[i].done = l.vertex == 0
	}
	t.advance()
}

// based says that the base image of a line is there.
func (t *teller) based(i int, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.states[i].done, t.states[i].id = true, short(id)
	t.advance()
}

// say passes a message on.
func (t *teller) say(m Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tell(m)
}

// watch takes progress of BuildKit's.
func (t *teller) watch(r *controlapi.StatusResponse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.script == nil {
		return
	}
	for _, v := range r.Vertexes {
		t.vertex(v)
	}
	t.advance()
	for _, l := range r.Logs {
		if v := t.known[l.Vertex]; v != nil {
			t.output(v.line, l)
		}
	}
	t.advance()
}

// vertexName is how BuildKit's frontend for Dockerfiles names what it has executed for an instruction: the stage, the number in it, and how many it has.
var vertexName = regexp.MustCompile(`^\[(?:[^\]/ ]+/\S+ )?(?:([^\]/ ]+) )? *(\d+)/(\d+)\] (ONBUILD )?`)

// lineOf finds the line that something is executed for; -1 for none. What a base image has ordered belongs to its FROM.
func (t *teller) lineOf(name string) int {
	m := vertexName.FindStringSubmatch(name)
	if m == nil {
		return -1
	}
	number, err := strconv.Atoi(m[2])
	total, err2 := strconv.Atoi(m[3])
	if err != nil || err2 != nil {
		return -1
	}
	for i, l := range t.script.lines {
		if l.stage == "" || !t.script.single && l.stage != m[1] {
			continue
		}
		switch {
		case m[4] != "":
			if l.first {
				return i
			}
		case l.vertex == 0:
		case l.first && number == l.vertex, !l.first && number-(total-l.total) == l.vertex:
			return i
		}
	}
	return -1
}

func (t *teller) vertex(v *controlapi.Vertex) {
	known := t.known[v.Digest]
	if known == nil {
		i := t.lineOf(v.Name)
		if i < 0 {
			return
		}
		known = &vertex{line: i}
		t.known[v.Digest] = known
		t.states[i].waiting++
	}
	s := &t.states[known.line]
	if v.Error != "" {
		s.failed = true
		return
	}
	if v.Completed != nil && !known.complete {
		known.complete = true
		s.waiting--
		s.cached = v.Cached
		s.done = s.done || s.waiting == 0 && !t.script.lines[known.line].first
	}
	if v.Started != nil && !v.Cached && v.Completed == nil && known.line == t.at {
		t.announce()
	}
}

// output takes what a line's program writes; what it writes to its standard error is red, as with Docker.
func (t *teller) output(i int, l *controlapi.VertexLog) {
	m := Message{Stream: string(l.Msg)}
	if l.Stream == 2 {
		m.Stream = "\x1b[91m" + m.Stream + "\x1b[0m"
	}
	if i > t.at {
		t.states[i].pending = append(t.states[i].pending, m)
		return
	}
	if i == t.at {
		t.announce()
	}
	t.tell(m)
}

// head tells which line it is.
func (t *teller) head() {
	if s := &t.states[t.at]; !s.headed {
		s.headed = true
		t.stream("Step %d/%d : %s\n", t.at+1, len(t.script.lines), t.script.lines[t.at].text)
	}
}

// announce tells that a line's program runs, and what it has written before its turn.
func (t *teller) announce() {
	t.head()
	s := &t.states[t.at]
	if t.script.lines[t.at].run && !s.announced {
		s.announced = true
		t.stream(" ---> Running in %s\n", t.container())
	}
	for _, m := range s.pending {
		t.tell(m)
	}
	s.pending = nil
}

// advance tells of the lines whose turn it is. The last one waits for the image.
func (t *teller) advance() {
	for t.at < len(t.states) {
		t.head()
		if !t.states[t.at].done || t.at == len(t.states)-1 {
			if len(t.states[t.at].pending) > 0 {
				t.announce()
			}
			return
		}
		t.close()
	}
}

// close tells what a line has made, and goes on to the next.
func (t *teller) close() {
	l, s := t.script.lines[t.at], &t.states[t.at]
	t.head()
	if s.cached && !l.first {
		t.stream(" ---> Using cache\n")
	} else if l.run {
		t.announce()
		t.stream(" ---> Removed intermediate container %s\n", t.container())
	}
	switch {
	case l.first && l.base == "":
		s.id = t.ends[l.of]
	case s.id == "":
		s.id = t.named("layer")
	}
	if t.at == len(t.states)-1 && t.image != "" {
		s.id = t.image
	}
	t.stream(" ---> %s\n", s.id)
	t.prior = s.id
	if l.stage != "" {
		t.ends[l.stage] = s.id
	}
	t.at++
}

// finish tells what is left to tell of a build that has made an image.
func (t *teller) finish(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.image = short(id)
	for t.at < len(t.states) {
		t.close()
	}
}

// fail tells how a build has got to the line that failed. It gives that line; nil if none has.
func (t *teller) fail() *line {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.states {
		if !t.states[i].failed {
			continue
		}
		for t.at < i {
			t.close()
		}
		if t.at == i {
			t.announce()
		}
		return t.script.lines[i]
	}
	return nil
}

// short is an ID as people are shown it.
func short(id string) string {
	if d, err := digest.Parse(id); err == nil {
		id = d.Encoded()
	}
	return id[:min(len(id), 12)]
}

// container is a name for what runs the line's program: the classic builder tells one.
func (t *teller) container() string { return t.named("container") }

// named is an ID for something that comes of the line that is told of. It is the same wherever the same instructions follow one another, on the same context.
func (t *teller) named(what string) string {
	text := what + "\n" + t.prior + "\n" + t.script.lines[t.at].text
	if verb, _, _ := strings.Cut(t.script.lines[t.at].text, " "); strings.EqualFold(verb, "COPY") || strings.EqualFold(verb, "ADD") {
		text += "\n" + t.context
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:12]
}
