package crash

import (
	"fmt"
	"slices"
	"strings"
)

// operation is something to be asked of the daemon. It has to do with a container or with a network.
type operation struct {
	what string
	ask  func() error

	box      box          // before
	outcomes []box        // that can be if it is not acknowledged; the last one must be if it is
	starts   bool         // the container writes afterwards
	ends     []int        // the codes with which it may end the container
	finish   func() error // asked after a kill, which leaves the last of the outcomes, or finished
	finished *box

	network string // that is made or removed
	there   bool   // whether it is there afterwards
}

func (o operation) String() string { return o.what + " " + o.box.name + o.network }

// meets tells whether two operations want the same name, port or network.
func (o operation) meets(other operation) bool {
	for _, a := range append(o.outcomes, o.box) {
		for _, b := range append(other.outcomes, other.box) {
			if a.name != "" && a.name == b.name || a.port != 0 && a.port == b.port || a.network != "" && a.network == b.network {
				return true
			}
			if o.network != "" && o.network == b.network || other.network != "" && other.network == a.network {
				return true
			}
		}
	}
	return o.network != "" && o.network == other.network
}

// mostAgain is how often in a row a policy starts a container again here: it waits longer each time.
const mostAgain = 2

// choose picks what to do next among what is possible.
func (w *world) choose() operation {
	var list []operation
	if name := w.freeName(); name != "" {
		list = append(list, w.create(name), w.create(name))
		for range 2 + len(w.names)/2 - len(w.boxes)/2 {
			list = append(list, w.run(name), w.runAtOnce(name))
		}
	}
	for _, b := range w.with(created, exited) {
		list = append(list, w.startOf(b), w.startOf(b), w.remove(b, false))
	}
	for _, b := range w.with(running) {
		list = append(list, w.stop(b), w.kill(b), w.pause(b), w.execute(b), w.execute(b), w.remove(b, true))
		if b.again < mostAgain {
			list = append(list, w.endItself(b), w.endItself(b))
		}
		if !b.brief {
			list = append(list, w.restart(b))
		}
	}
	for _, b := range w.with(paused) {
		list = append(list, w.unpause(b), w.unpause(b), w.stop(b), w.kill(b), w.remove(b, true))
	}
	for _, b := range w.with(created, running, paused, exited) {
		if to := w.freeName(); to != "" && w.rng.IntN(3) == 0 {
			list = append(list, w.rename(b, to))
		}
		if w.rng.IntN(3) == 0 {
			list = append(list, w.update(b))
		}
	}
	list = append(list, w.changeNetworks()...)
	return list[w.rng.IntN(len(list))]
}

// several picks up to five more operations that have nothing to do with the first and with each other.
func (w *world) several(first operation) []operation {
	list := []operation{first}
	for range w.rng.IntN(6) {
		if o := w.choose(); !slices.ContainsFunc(list, o.meets) {
			list = append(list, o)
		}
	}
	return list
}

func (w *world) post(path string) func() error {
	return func() error { return w.daemon.ask("POST", path, nil, nil) }
}

func (w *world) newBox(name string) box {
	b := box{name: name, label: name, port: w.freePort(), network: w.anyNetwork()}
	switch w.rng.IntN(6) {
	case 0, 1:
		b.brief = true
	case 2:
		b.policy = []string{"always", "unless-stopped", "on-failure"}[w.rng.IntN(3)]
	}
	return b
}

func (w *world) makes(b box) error {
	return w.daemon.ask("POST", "/containers/create?name="+b.name, b.creation(), nil)
}

func (w *world) create(name string) operation {
	b := w.newBox(name)
	return operation{what: "create", ask: func() error { return w.makes(b) }, box: b, outcomes: []box{b, b.with(created)}}
}

// run is what clients of Docker do: create, and start.
func (w *world) run(name string) operation {
	b := w.newBox(name)
	ask := func() error {
		if err := w.makes(b); err != nil {
			return err
		}
		return w.post("/containers/" + name + "/start")()
	}
	return operation{what: "run", ask: ask, box: b, outcomes: []box{b, b.with(created), b.started()}, starts: true}
}

// runAtOnce is what tug does.
func (w *world) runAtOnce(name string) operation {
	b := w.newBox(name)
	ask := func() error { return w.daemon.ask("POST", "/tug/run?detach=1&name="+name, b.creation(), nil) }
	return operation{what: "run at once", ask: ask, box: b, outcomes: []box{b, b.started()}, starts: true}
}

func (w *world) startOf(b box) operation {
	return operation{what: "start", ask: w.post("/containers/" + b.name + "/start"), box: b, outcomes: []box{b, b.started()}, starts: true}
}

func (w *world) stop(b box) operation {
	ask := w.post("/containers/" + b.name + "/stop")
	return operation{what: "stop", ask: ask, box: b, outcomes: []box{b, b.stopped(7)}, ends: []int{7}, finish: ask}
}

func (w *world) kill(b box) operation {
	ask := w.post("/containers/" + b.name + "/kill")
	return operation{what: "kill", ask: ask, box: b, outcomes: []box{b, b.stopped(137)}, finish: ask}
}

// endItself has the container end as if by itself. Its policy may start it again.
func (w *world) endItself(b box) operation {
	ask := func() error { _, _, err := w.daemon.exec(b.name, true, "kill", "-USR1", "1"); return err }
	o := operation{what: "end by itself", ask: ask, box: b, outcomes: []box{b, b.ended(3)}, ends: []int{3}, finish: ask}
	if b.policy != "" { // which it was is not to be told afterwards: it is killed, for a new run may not hear softer words yet
		killed := b.ended(3).stopped(137)
		o.finish, o.finished = w.post("/containers/"+b.name+"/kill"), &killed
	}
	return o
}

func (w *world) execute(b box) operation {
	code := w.rng.IntN(100)
	ask := func() error {
		text, got, err := w.daemon.exec(b.name, false, "sh", "-c", fmt.Sprintf("echo out; echo err >&2; exit %d", code))
		lines := strings.Fields(text)
		slices.Sort(lines)
		switch {
		case err != nil:
			return err
		case got == 137: // it was killed with its shim
			return fmt.Errorf("exit code %d", got)
		case got != code || !slices.Equal(lines, []string{"err", "out"}):
			w.t.Errorf("an exec in %s said %q and ended with %d, not %d", b.name, text, got, code)
		}
		return nil
	}
	return operation{what: "exec", ask: ask, box: b, outcomes: []box{b}}
}

func (w *world) restart(b box) operation {
	killed := b.started().stopped(137)
	return operation{
		what: "restart", ask: w.post("/containers/" + b.name + "/restart"), box: b, outcomes: []box{b, b.stopped(7), b.started()}, starts: true,
		ends: []int{7}, finish: w.post("/containers/" + b.name + "/kill"), finished: &killed,
	}
}

func (w *world) pause(b box) operation {
	return operation{what: "pause", ask: w.post("/containers/" + b.name + "/pause"), box: b, outcomes: []box{b, b.with(paused)}}
}

func (w *world) unpause(b box) operation {
	return operation{what: "unpause", ask: w.post("/containers/" + b.name + "/unpause"), box: b, outcomes: []box{b, b.with(running)}, starts: true}
}

func (w *world) rename(b box, to string) operation {
	ask := w.post("/containers/" + b.name + "/rename?name=" + to)
	return operation{what: "rename", ask: ask, box: b, outcomes: []box{b, b.renamed(to)}}
}

func (w *world) update(b box) operation {
	limit := int64(64+32*w.rng.IntN(4)) << 20
	ask := func() error {
		return w.daemon.ask("POST", "/containers/"+b.name+"/update", map[string]any{"Memory": limit, "MemorySwap": 2 * limit}, nil)
	}
	return operation{what: "update", ask: ask, box: b, outcomes: []box{b, b.limited(limit)}}
}

func (w *world) remove(b box, force bool) operation {
	path := "/containers/" + b.name
	o := operation{what: "rm", box: b, outcomes: []box{b, b.with(gone)}}
	if force {
		path += "?force=1"
	}
	o.ask = func() error { return w.daemon.ask("DELETE", path, nil, nil) }
	if force {
		o.finish = o.ask
	}
	return o
}
