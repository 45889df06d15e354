package crash

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// The states of a container, as Docker names them; one that is not there is gone.
const (
	gone    = ""
	created = "created"
	running = "running"
	paused  = "paused"
	exited  = "exited"
)

// box is what has to be true of a container.
type box struct {
	name, label string // the label is the name that it was made with
	status      string
	code        int  // of its last end
	starts      int  // at most, if a start was not acknowledged
	brief       bool // it goes with its end (--rm)
	port        int  // of the host, or 0
}

func (b box) String() string {
	if b.status == gone {
		return ""
	}
	return fmt.Sprintf("%s %d", b.status, b.code)
}

func (b box) ended(code int) box {
	b.status, b.code = exited, code
	if b.brief {
		b.status = gone
	}
	return b
}

func (b box) started() box {
	b.status, b.code, b.starts = running, 0, b.starts+1
	return b
}

func (b box) with(status string) box { b.status = status; return b }
func (b box) renamed(to string) box  { b.name = to; return b }

// operation is something to be asked of the daemon.
type operation struct {
	what     string
	args     []string
	box      box      // before
	outcomes []box    // that can be if it is not acknowledged; the last one must be if it is
	starts   bool     // the container writes afterwards
	finish   []string // asked after a kill, which leaves the last of the outcomes, or finished
	finished *box
}

func (o operation) String() string { return o.what + " " + o.box.name }

// world is a daemon, and what has to be true of its containers.
type world struct {
	*daemon
	rng   *rand.Rand
	boxes map[string]box
	names []string
	ports []int
	done  map[string]int
}

func newWorld(d *daemon, rng *rand.Rand) *world {
	w := &world{daemon: d, rng: rng, boxes: map[string]box{}, done: map[string]int{}}
	for i := range 10 {
		w.names = append(w.names, fmt.Sprint("box", i))
	}
	for range 4 {
		w.ports = append(w.ports, freePort(d.t))
	}
	return w
}

func (w *world) note(format string, args ...any) {
	w.t.Helper()
	w.t.Logf(format, args...)
}

func (w *world) put(before, after box) {
	delete(w.boxes, before.name)
	if after.status != gone {
		w.boxes[after.name] = after
	}
}

// with gives the containers that have one of the states, in the order of their names.
func (w *world) with(states ...string) (list []box) {
	for _, name := range slices.Sorted(maps.Keys(w.boxes)) {
		if slices.Contains(states, w.boxes[name].status) {
			list = append(list, w.boxes[name])
		}
	}
	return list
}

// freeName gives a name that no container has.
func (w *world) freeName() string {
	free := slices.DeleteFunc(slices.Clone(w.names), func(n string) bool { _, taken := w.boxes[n]; return taken })
	if len(free) == 0 {
		return ""
	}
	return free[w.rng.IntN(len(free))]
}

// freePort gives a port that no container has, or 0.
func (w *world) freePort() int {
	for _, p := range w.ports {
		if !slices.ContainsFunc(slices.Collect(maps.Values(w.boxes)), func(b box) bool { return b.port == p }) {
			return p
		}
	}
	return 0
}

// seen is a container's state and exit code, as box.String.
func (w *world) seen(name string) string {
	w.t.Helper()
	return w.inspect(name, "{{.State.Status}} {{.State.ExitCode}}")
}

// is tells whether the container is as the box says.
func (w *world) is(b box) bool {
	w.t.Helper()
	return w.seen(b.name) == b.String()
}

func (w *world) compare(b box) {
	w.t.Helper()
	if !w.is(b) {
		w.t.Errorf("%s is %q, not %q", b.name, w.seen(b.name), b)
	}
}

// check looks at everything: each container is as it has to be and none is there beside them, who runs goes on writing
// without a gap, and no address, port or user id is another's.
func (w *world) check() {
	w.t.Helper()
	names := strings.Fields(w.must("ps", "-a", "--format", "{{.Names}}"))
	slices.Sort(names)
	if want := slices.Sorted(maps.Keys(w.boxes)); !slices.Equal(names, want) {
		w.t.Fatalf("the containers are %v, not %v", names, want)
	}
	addresses, users, answers := map[string]string{}, map[string]string{}, map[int]string{}
	for _, name := range names {
		b := w.boxes[name]
		w.compare(b)
		if b.status != running {
			w.lines(name, b.starts)
			continue
		}
		w.goesOn(name, b.starts)
		ids, err := os.ReadFile(fmt.Sprintf("/proc/%d/uid_map", w.pid(name)))
		if other, taken := users[string(ids)]; taken || err != nil {
			w.t.Errorf("%s has the user ids of %q: %v", name, other, err)
		}
		users[string(ids)] = name
		address := w.inspect(name, "{{.NetworkSettings.IPAddress}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}")
		if other, taken := addresses[address]; taken || address == "" {
			w.t.Errorf("%s has the address %q, as has %q", name, address, other)
		}
		addresses[address], answers[b.port] = name, b.label
	}
	for _, port := range w.ports {
		if slices.ContainsFunc(w.with(paused), func(b box) bool { return b.port == port }) {
			continue // it takes connections, and says nothing
		}
		page, err := fetch(port)
		if want := answers[port]; page != want || (want == "") != (err == errRefused) {
			w.t.Errorf("port %d leads to %q (%v), not to %q", port, page, err, want)
		}
	}
}
