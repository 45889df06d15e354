package crash

import (
	"fmt"
	"slices"
)

// choose picks what to do next among what is possible.
func (w *world) choose() operation {
	var list []operation
	if name := w.freeName(); name != "" {
		list = append(list, w.create(name), w.create(name), w.runNew(name), w.runNew(name), w.runNew(name))
	}
	for _, b := range w.with(created, exited) {
		list = append(list, start(b), start(b), remove(b, false))
	}
	for _, b := range w.with(running) {
		list = append(list, stop(b), kill(b), finish(b), pause(b), execute(b), remove(b, true))
		if !b.brief {
			list = append(list, restart(b))
		}
	}
	for _, b := range w.with(paused) {
		list = append(list, unpause(b), unpause(b), stop(b), kill(b), remove(b, true))
	}
	for _, b := range w.with(created, running, paused, exited) {
		if to := w.freeName(); to != "" && w.rng.IntN(2) == 0 {
			list = append(list, rename(b, to))
		}
	}
	return list[w.rng.IntN(len(list))]
}

// several picks up to four more operations that have nothing to do with the first and with each other.
func (w *world) several(first operation) []operation {
	list := []operation{first}
	for range w.rng.IntN(5) {
		o := w.choose()
		if !slices.ContainsFunc(list, o.meets) {
			list = append(list, o)
		}
	}
	return list
}

// meets tells whether two operations want the same name or port.
func (o operation) meets(other operation) bool {
	for _, a := range o.outcomes {
		for _, b := range other.outcomes {
			if a.name == b.name || a.port != 0 && a.port == b.port {
				return true
			}
		}
	}
	return false
}

func (w *world) newBox(name string) (box, []string) {
	b := box{name: name, label: name, brief: w.rng.IntN(3) == 0, port: w.freePort()}
	var flags []string
	if b.brief {
		flags = append(flags, "--rm")
	}
	if b.port != 0 {
		flags = append(flags, "-p", fmt.Sprint(b.port, ":80"))
	}
	return b, counterArgs(name, flags...)
}

func (w *world) create(name string) operation {
	b, args := w.newBox(name)
	return operation{what: "create", args: slices.Concat([]string{"create"}, args), box: b, outcomes: []box{b, b.with(created)}}
}

func (w *world) runNew(name string) operation {
	b, args := w.newBox(name)
	return operation{
		what: "run", args: slices.Concat([]string{"run", "-d"}, args), box: b,
		outcomes: []box{b, b.with(created), b.started()}, starts: true,
	}
}

func start(b box) operation {
	return operation{what: "start", args: []string{"start", b.name}, box: b, outcomes: []box{b, b.started()}, starts: true}
}

func stop(b box) operation {
	args := []string{"stop", b.name}
	return operation{what: "stop", args: args, box: b, outcomes: []box{b, b.ended(7)}, finish: args}
}

func kill(b box) operation {
	args := []string{"kill", b.name}
	return operation{what: "kill", args: args, box: b, outcomes: []box{b, b.ended(137)}, finish: args}
}

// finish lets the container end by itself.
func finish(b box) operation {
	args := []string{"exec", "-d", b.name, "kill", "-USR1", "1"}
	return operation{what: "end by itself", args: args, box: b, outcomes: []box{b, b.ended(3)}, finish: args}
}

func execute(b box) operation {
	return operation{what: "exec", args: []string{"exec", b.name, "true"}, box: b, outcomes: []box{b}}
}

func restart(b box) operation {
	stopped := b.started().ended(7)
	return operation{
		what: "restart", args: []string{"restart", b.name}, box: b, outcomes: []box{b, b.ended(7), b.started()}, starts: true,
		finish: []string{"stop", b.name}, finished: &stopped,
	}
}

func pause(b box) operation {
	return operation{what: "pause", args: []string{"pause", b.name}, box: b, outcomes: []box{b, b.with(paused)}}
}

func unpause(b box) operation {
	return operation{what: "unpause", args: []string{"unpause", b.name}, box: b, outcomes: []box{b, b.with(running)}}
}

func rename(b box, to string) operation {
	return operation{what: "rename", args: []string{"rename", b.name, to}, box: b, outcomes: []box{b, b.renamed(to)}}
}

func remove(b box, force bool) operation {
	args := []string{"rm", b.name}
	o := operation{what: "rm", args: args, box: b, outcomes: []box{b, b.with(gone)}}
	if force {
		o.args = []string{"rm", "-f", b.name}
		o.finish = o.args
	}
	return o
}
