package crash

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
)

// world is a daemon, and what has to be true of its containers and networks.
type world struct {
	*daemon
	rng         *rand.Rand
	boxes       map[string]box
	names       []string
	ports       []int
	networks    map[string]bool
	allNetworks []string
	written     map[string]int // lines of the logs seen so far, by ID: none of them may be lost
	done        map[string]int
}

const mostBoxes = 20

func newWorld(d *daemon) *world {
	w := &world{daemon: d, boxes: map[string]box{}, networks: map[string]bool{}, written: map[string]int{}, done: map[string]int{}}
	for i := range mostBoxes {
		w.names = append(w.names, fmt.Sprint("box", i))
	}
	for range 6 {
		w.ports = append(w.ports, freePort(d.t))
	}
	w.allNetworks = []string{"n0", "n1", "n2"}
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

// seen is what the daemon tells of a container.
func (w *world) seen(name string) seen {
	w.t.Helper()
	s, err := w.look(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// is tells whether the container is as the box says.
func (w *world) is(b box) bool {
	w.t.Helper()
	s := w.seen(b.name)
	return s.state() == b.String() && (b.status == gone || s.HostConfig.Memory == b.memory)
}

// tally counts the lines of a container's log and how often it begins anew. It fails if one is missing.
func (w *world) tally(name string) (lines, starts int, err error) {
	text, err := w.output(name)
	if err != nil || text == "" {
		return 0, 0, err
	}
	return tally(strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
}

// writes tells how a box's log goes on: how many lines it has by now. It fails if one is missing, among them those seen
// before, or if the container was started too often.
func (w *world) writes(b box, id string) (int, error) {
	lines, starts, err := w.tally(b.name)
	switch {
	case err != nil:
		return 0, fmt.Errorf("the log of %s: %w", b.name, err)
	case starts > b.starts:
		return 0, fmt.Errorf("the log of %s tells of %d starts, not %d", b.name, starts, b.starts)
	case lines < w.written[id]:
		return 0, fmt.Errorf("the log of %s has %d lines, and had %d", b.name, lines, w.written[id])
	}
	return lines, nil
}

// writesOn waits until a running container has written a line more, so that it takes signals even if it was just started.
func (w *world) writesOn(b box) {
	w.t.Helper()
	s := w.seen(b.name)
	before := -1
	w.eventually(b.name+" writes", func() bool {
		lines, err := w.writes(b, s.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		if before < 0 {
			before = lines
		}
		w.written[s.ID] = lines
		return lines > before
	})
}

// found is what a look at one container has brought.
type found struct {
	seen
	users string // its user ids
	lines int
}

// examine looks at one container: its state, its limit, its log, its page.
func (w *world) examine(b box) (f found, err error) {
	if f.seen, err = w.look(b.name); err != nil {
		return f, err
	}
	if got := f.state(); got != b.String() {
		return f, fmt.Errorf("%s is %q, not %q", b.name, got, b)
	}
	if f.HostConfig.Memory != b.memory {
		return f, fmt.Errorf("%s has a limit of %d, not %d", b.name, f.HostConfig.Memory, b.memory)
	}
	if f.lines, err = w.writes(b, f.ID); err != nil || !b.alive() {
		return f, err
	}
	if limit := w.limitOf(f.ID); b.memory != 0 && limit != b.memory {
		return f, fmt.Errorf("%s has a limit of %d in its cgroup, not %d", b.name, limit, b.memory)
	}
	users, err := os.ReadFile(fmt.Sprintf("/proc/%d/uid_map", f.State.Pid))
	f.users = string(users)
	return f, err
}

// check looks at everything: each container is as it has to be and none is there beside them, who runs goes on writing
// without a gap, no address, port or user id is another's, and the host holds nothing that is no container's.
func (w *world) check() {
	w.t.Helper()
	var list []struct{ Names []string }
	if err := w.ask("GET", "/containers/json?all=1", nil, &list); err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, c := range list {
		names = append(names, strings.TrimPrefix(c.Names[0], "/"))
	}
	slices.Sort(names)
	if want := slices.Sorted(maps.Keys(w.boxes)); !slices.Equal(names, want) {
		w.t.Fatalf("the containers are %v, not %v", names, want)
	}
	if got, want := w.networksSeen(), slices.Sorted(maps.Keys(w.networks)); !slices.Equal(got, want) {
		w.t.Fatalf("the networks are %v, not %v", got, want)
	}
	all := w.examineAll(names)
	if w.t.Failed() {
		return
	}
	w.checkOwn(all)
	w.checkPorts()
	w.checkHost(all)
}

// examineAll looks at all containers at once, and sees those that run write on.
func (w *world) examineAll(names []string) map[string]found {
	w.t.Helper()
	all := make([]found, len(names))
	var looks sync.WaitGroup
	for i, name := range names {
		looks.Go(func() {
			var err error
			if all[i], err = w.examine(w.boxes[name]); err != nil {
				w.t.Error(err)
			}
		})
	}
	looks.Wait()
	byName := map[string]found{}
	if w.t.Failed() {
		return byName
	}
	for i, name := range names {
		byName[name] = all[i]
		w.written[all[i].ID] = all[i].lines
	}
	for _, b := range w.with(running) {
		w.writesOn(b)
	}
	return byName
}

// checkOwn sees that no two containers have the same address or user ids.
func (w *world) checkOwn(all map[string]found) {
	w.t.Helper()
	addresses, users := map[string]string{}, map[string]string{}
	for _, b := range w.with(running, paused) {
		f := all[b.name]
		if other, taken := users[f.users]; taken || f.users == "" {
			w.t.Errorf("%s has the user ids of %q", b.name, other)
		}
		users[f.users] = b.name
		for network, n := range f.NetworkSettings.Networks {
			if want := b.network; network != want && (want != "" || network != "bridge") {
				w.t.Errorf("%s is on the network %s, not %q", b.name, network, want)
			}
			if other, taken := addresses[n.IPAddress]; taken || n.IPAddress == "" {
				w.t.Errorf("%s has the address %q, as has %q", b.name, n.IPAddress, other)
			}
			addresses[n.IPAddress] = b.name
		}
		if len(f.NetworkSettings.Networks) != 1 {
			w.t.Errorf("%s is on %d networks", b.name, len(f.NetworkSettings.Networks))
		}
	}
}

// checkPorts sees that each port leads to the container that has it, or nowhere.
func (w *world) checkPorts() {
	w.t.Helper()
	answers := map[int]string{}
	for _, b := range w.with(running) {
		answers[b.port] = b.label
	}
	for _, port := range w.ports {
		if slices.ContainsFunc(w.with(paused), func(b box) bool { return b.port == port }) {
			continue // it takes connections, and says nothing
		}
		page, err := fetch(port)
		if want := answers[port]; page != want || (want == "") != errors.Is(err, errRefused) {
			w.t.Errorf("port %d leads to %q (%v), not to %q", port, page, err, want)
		}
	}
}
