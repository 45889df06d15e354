package crash

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The random test runs each of its seeds with so many operations. To find faults: TUG_CRASH_SEEDS=50, which takes as many
// seeds (make crash), TUG_CRASH_SEED=7 to repeat one, TUG_CRASH_OPERATIONS, TUG_CRASH_RUNTIME=runc for containers of another
// runtime.
const (
	operations = 300
	seeds      = 5
)

func setting(t *testing.T, name string, unset uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return unset
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func TestNothingIsLostWhateverIsKilledWhenever(t *testing.T) {
	list := []uint64{setting(t, "TUG_CRASH_SEED", 0)}
	if list[0] == 0 {
		list = nil
		for i := range setting(t, "TUG_CRASH_SEEDS", seeds) {
			list = append(list, i+1)
		}
	}
	for _, seed := range list {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			newWorld(newDaemon(t, "busybox")).live(seed, setting(t, "TUG_CRASH_OPERATIONS", operations))
		})
	}
}

// live does as many operations, and kills something in every fourth. What is done in each depends on the seed and on what
// the ones before it have left.
func (w *world) live(seed, count uint64) {
	w.t.Helper()
	for i := range count {
		w.rng = rand.New(rand.NewPCG(seed, i))
		o := w.choose()
		switch w.rng.IntN(16) {
		case 0:
			w.killDuring(w.several(o))
		case 1:
			w.do(o)
			w.killBetween()
		case 2:
			w.do(o)
			w.killShim()
		case 3:
			w.killShimDuring(o)
		default:
			w.do(o)
		}
		if w.t.Failed() {
			w.t.Fatalf("at operation %d of seed %d", i, seed)
		}
	}
	w.check()
	w.t.Logf("seed %d: %v", seed, w.done)
}

// do carries an operation out with a daemon that lives.
func (w *world) do(o operation) {
	w.t.Helper()
	w.done[o.what]++
	w.note("%s", o)
	pid := 0
	if o.box.alive() {
		pid = w.seen(o.box.name).State.Pid
	}
	if err := o.ask(); err != nil {
		w.t.Fatalf("%s: %v", o, err)
	}
	if o.network != "" {
		w.putNetwork(o)
		return
	}
	result := o.outcomes[len(o.outcomes)-1]
	w.put(o.box, result)
	if o.ends != nil || o.finish != nil { // an end may come about that is not waited for
		w.becomes(result, pid)
	}
	if o.starts {
		w.writesOn(result)
	}
	if !w.is(result) {
		w.t.Fatalf("after %s: %q, not %q", o, w.seen(result.name).state(), result)
	}
}

func (w *world) putNetwork(o operation) {
	if o.there {
		w.networks[o.network] = true
	} else {
		delete(w.networks, o.network)
	}
}

// becomes waits for a state that comes about by itself, of another process than before.
func (w *world) becomes(b box, before int) {
	w.t.Helper()
	var s seen
	if !await(func() bool {
		s = w.seen(b.name)
		return s.state() == b.String() && (before == 0 || s.State.Pid != before)
	}) {
		text, _ := w.output(b.name)
		w.t.Fatalf("%s is %q with process %d, not %q of another than %d; its log ends with %q", b.name, s.state(), s.State.Pid, b, before, text[max(0, len(text)-400):])
	}
	if b.status == running {
		w.writesOn(b)
	}
}

// awhile gives a time in which operations are under way: short ones as often as long ones.
func (w *world) awhile() time.Duration {
	const least, most = 200e3, 40e6 // ns
	return time.Duration(least * math.Pow(most/least, w.rng.Float64()))
}

// killDuring kills the daemon in the middle of operations, or, at times, asks it to end.
func (w *world) killDuring(list []operation) {
	w.t.Helper()
	after := w.awhile()
	signal, how := syscall.SIGKILL, "killed"
	if w.rng.IntN(4) == 0 {
		signal, how = syscall.SIGTERM, "stopped"
	}
	w.note("the daemon is %s %s into: %v", how, after.Round(100*time.Microsecond), list)
	w.done["daemon "+how+" during"]++
	begin := time.Now()
	told := make([]error, len(list))
	var clients sync.WaitGroup
	for i, o := range list {
		clients.Go(func() { told[i] = o.ask() })
	}
	time.Sleep(time.Until(begin.Add(after)))
	w.end(signal)
	clients.Wait()
	w.startAgain(list)
	for i, o := range list {
		w.resolve(o, told[i] == nil)
	}
	w.check()
}

// startAgain starts the daemon. Nobody has asked for anything but the operations in the list.
func (w *world) startAgain(list []operation) {
	w.t.Helper()
	w.start()
	for name, b := range w.boxes {
		if slices.ContainsFunc(list, func(o operation) bool { return o.box.name == name }) {
			continue
		}
		if w.boxes[name] = b.adopted(); b != b.adopted() {
			w.becomes(b.adopted(), 0)
		}
	}
}

// resolve finds out what became of an operation during which the daemon was killed. What was not acknowledged has
// happened or not; an end that was under way is asked for again.
func (w *world) resolve(o operation, acknowledged bool) {
	w.t.Helper()
	if o.network != "" {
		w.resolveNetwork(o, acknowledged)
		return
	}
	var outcomes []box
	for _, b := range o.outcomes {
		outcomes = append(outcomes, b.adopted())
	}
	result := outcomes[len(outcomes)-1]
	if o.finish != nil {
		w.resolveEnd(o)
		return
	}
	if acknowledged {
		outcomes = []box{result}
	}
	var is box
	w.eventually(fmt.Sprintf("killed during %s (acknowledged: %t), it is one of %v", o, acknowledged, outcomes), func() bool {
		for _, is = range outcomes {
			if w.is(is) {
				return true
			}
		}
		return false
	})
	if o.starts && !acknowledged {
		// It may have run until the next daemon ended it, as nobody had been told of it, and started it again by its policy.
		is.starts = o.box.starts + 2
	}
	w.put(o.box, is)
	if is.status == running {
		w.writesOn(is)
	}
}

func (w *world) resolveNetwork(o operation, acknowledged bool) {
	w.t.Helper()
	there := slices.Contains(w.networksSeen(), o.network)
	if acknowledged && there != o.there {
		w.t.Fatalf("killed after %s, which was acknowledged: the network is there: %t", o, there)
	}
	o.there = there
	w.putNetwork(o)
}

// resolveEnd asks again for an end that was under way, so that it is certain.
func (w *world) resolveEnd(o operation) {
	w.t.Helper()
	result := o.outcomes[len(o.outcomes)-1]
	if o.finished != nil {
		result = *o.finished
	}
	result.starts += 2 // by its policy, or by the next daemon
	w.settles(o.box, o.box.policy == "always")
	w.finish(o)
	if s := w.seen(o.box.name); o.finished != nil && s.State.Status == exited && slices.Contains(o.ends, s.State.ExitCode) {
		result.code = s.State.ExitCode // the end that was under way came first
	}
	w.becomes(result, 0)
	w.put(o.box, result)
}

func (w *world) finish(o operation) {
	w.t.Helper()
	if err := o.finish(); err != nil && !refused(err, 404) && !refused(err, 409) { // it may have ended
		w.t.Fatalf("%s, to be certain: %v", o, err)
	}
}

// settles waits until a container that may have been told to end does so, or shows that it goes on; one that is to run
// is waited for until it does.
func (w *world) settles(b box, runs bool) {
	w.t.Helper()
	pid, before := 0, 0
	w.eventually(b.name+" goes on or has ended", func() bool {
		s := w.seen(b.name)
		switch {
		case s.State.Status == "restarting", s.State.Status == exited && runs:
			return false
		case s.State.Status != running:
			return true
		}
		lines, _, err := w.tally(b.name)
		if err != nil {
			return false
		}
		if s.State.Pid != pid {
			pid, before = s.State.Pid, lines
		}
		return lines > before+1
	})
}

// victim is a process that is killed beside the daemon.
type victim struct {
	box
	pid    int
	signal syscall.Signal
	code   int // of the container
}

// killBetween kills the daemon when it does nothing, and some containers and shims while no daemon is there.
func (w *world) killBetween() {
	w.t.Helper()
	var victims []victim
	for _, b := range w.with(running, paused) {
		if b.again >= mostAgain {
			continue
		}
		pid := w.seen(b.name).State.Pid
		switch chance := w.rng.IntN(8); {
		case chance == 0:
			victims = append(victims, victim{b, parent(pid), syscall.SIGKILL, 137})
		case chance == 1 && b.status == running: // a frozen process does not die
			victims = append(victims, victim{b, pid, syscall.SIGKILL, 137})
		case chance == 2 && b.status == running:
			victims = append(victims, victim{b, pid, syscall.SIGUSR1, 3})
		}
	}
	w.note("kill the daemon, and without it %d others", len(victims))
	w.done["daemon killed between"]++
	w.daemon.kill()
	for _, v := range victims {
		w.killProcess(v.pid, v.signal)
		w.put(v.box, v.ended(v.code))
	}
	w.startAgain(nil)
	for _, v := range victims {
		w.becomes(v.ended(v.code), 0)
	}
	w.check()
}

// victimShim picks a container whose shim is to be killed.
func (w *world) victimShim() (box, bool) {
	list := slices.DeleteFunc(w.with(running, paused), func(b box) bool { return b.again >= mostAgain })
	if len(list) == 0 {
		return box{}, false
	}
	return list[w.rng.IntN(len(list))], true
}

// killShim kills the shim of some container under a living daemon.
func (w *world) killShim() {
	w.t.Helper()
	b, ok := w.victimShim()
	if !ok {
		return
	}
	w.note("kill the shim of %s", b.name)
	w.done["shim killed"]++
	pid := w.seen(b.name).State.Pid
	w.killProcess(w.shim(b.name), syscall.SIGKILL)
	w.put(b, b.ended(137))
	w.becomes(b.ended(137), pid)
}

// killShimDuring kills the shim of a container in the middle of an operation on it. Without one that is just carried out.
func (w *world) killShimDuring(o operation) {
	w.t.Helper()
	if !o.box.alive() || o.box.again >= mostAgain {
		w.do(o)
		return
	}
	after := w.awhile()
	w.note("kill the shim %s into: %s", after.Round(100*time.Microsecond), o)
	w.done["shim killed during"]++
	pid := w.seen(o.box.name).State.Pid
	shim := parent(pid)
	begin := time.Now()
	told := make(chan error, 1)
	go func() { told <- o.ask() }()
	time.Sleep(time.Until(begin.Add(after)))
	syscall.Kill(shim, syscall.SIGKILL) // unless it has ended
	err := <-told
	w.eventually("the shim is gone", func() bool { return !lives(shim) })
	w.resolveShim(o, err == nil, pid)
	w.check()
}

// resolveShim finds out what became of a container whose shim was killed in the middle of an operation. What was
// acknowledged holds, but for that the container has ended.
func (w *world) resolveShim(o operation, acknowledged bool, pid int) {
	w.t.Helper()
	is, last := o.box, o.outcomes[len(o.outcomes)-1]
	if s := w.seen(last.name); s.ID != "" && s.HostConfig.Memory == last.memory {
		is.name, is.memory = last.name, last.memory
	} else if acknowledged && last.status != gone && !last.brief {
		w.t.Fatalf("%s was acknowledged, and is undone", o)
	}
	if o.finish == nil {
		is = is.ended(137)
		w.becomes(is, pid)
		w.put(o.box, is)
		return
	}
	if acknowledged && o.what == "restart" {
		w.becomes(last, pid)
	}
	w.settles(o.box, false)
	w.finish(o)
	codes := append([]int{137}, o.ends...)
	if o.finished != nil {
		codes = append(codes, o.finished.code)
	}
	is.starts += 2
	w.eventually(o.box.name+" has ended", func() bool {
		s := w.seen(o.box.name)
		is = is.stopped(s.State.ExitCode)
		if last.status == gone {
			is.status = gone
		}
		return s.state() == is.String()
	})
	if is.status != gone && !slices.Contains(codes, is.code) {
		w.t.Fatalf("%s, its shim killed meanwhile: exit code %d, none of %v", o, is.code, codes)
	}
	w.put(o.box, is)
}
