package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// operations is how much the random test does. TUG_TEST_SEED repeats a run that failed, TUG_TEST_OPERATIONS makes a longer one.
const operations = 110

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
	d := newDaemon(t, "busybox")
	seed := setting(t, "TUG_TEST_SEED", uint64(time.Now().UnixNano()%1_000_000))
	t.Logf("to repeat it: TUG_TEST_SEED=%d", seed)
	w := newWorld(d, rand.New(rand.NewPCG(seed, 0)))
	for range setting(t, "TUG_TEST_OPERATIONS", operations) {
		o := w.choose()
		switch w.rng.IntN(12) {
		case 0:
			w.killDuring(w.several(o))
		case 1:
			w.do(o)
			w.killBetween()
		case 2:
			w.do(o)
			w.killShim()
		default:
			w.do(o)
		}
		if t.Failed() {
			break
		}
	}
	w.check()
	t.Logf("%v", w.done)
}

// do carries an operation out with a daemon that lives.
func (w *world) do(o operation) {
	w.t.Helper()
	w.done[o.what]++
	before := 0
	if o.starts && o.box.status != gone {
		before = w.lines(o.box.name, -1)
	}
	if _, err := w.docker(o.args...); err != nil {
		w.t.Fatal(err)
	}
	result := o.outcomes[len(o.outcomes)-1]
	if o.finish != nil { // that is how an end comes about which is not waited for
		w.endsAs(result)
	}
	w.put(o.box, result)
	if o.starts {
		w.eventually(result.name+" writes", func() bool { return w.lines(result.name, result.starts) > before })
	}
	w.compare(result)
}

// killDuring kills the daemon in the middle of operations, or, at times, asks it to end.
func (w *world) killDuring(list []operation) {
	w.t.Helper()
	after := time.Duration(2+w.rng.IntN(28)) * time.Millisecond
	signal, how := syscall.SIGKILL, "killed"
	if w.rng.IntN(4) == 0 {
		signal, how = syscall.SIGTERM, "stopped"
	}
	w.note("the daemon is %s %s into: %v", how, after, list)
	w.done["daemon "+how+" during"]++
	begin := time.Now()
	acknowledged := make([]bool, len(list))
	var clients sync.WaitGroup
	for i, o := range list {
		clients.Go(func() { acknowledged[i] = w.command(o.args...).Run() == nil })
	}
	time.Sleep(time.Until(begin.Add(after)))
	w.end(signal)
	clients.Wait()
	w.start()
	for i, o := range list {
		w.resolve(o, acknowledged[i])
	}
	w.check()
}

// resolve finds out what became of an operation during which the daemon was killed. What was not acknowledged has
// happened or not; an end that was under way is asked for again.
func (w *world) resolve(o operation, acknowledged bool) {
	w.t.Helper()
	outcomes := o.outcomes
	result := outcomes[len(outcomes)-1]
	if o.finish != nil {
		w.settles(o.box)
		w.docker(o.finish...) // no error: it may have ended
		if o.finished != nil {
			result = *o.finished
		}
		w.endsAs(result)
		w.put(o.box, result)
		return
	}
	if acknowledged {
		outcomes = []box{result}
	}
	for _, b := range outcomes {
		if w.is(b) {
			if o.starts && !acknowledged {
				b.starts = o.box.starts + 1 // it may have run until the next daemon ended it, as nobody had been told of it
			}
			w.put(o.box, b)
			return
		}
	}
	w.t.Fatalf("killed during %s (acknowledged: %t), %s is %q, not one of %v", o.what, acknowledged, o.box.name, w.seen(o.box.name), outcomes)
}

// settles waits until a container that may have been told to end does so, or shows that it goes on.
func (w *world) settles(b box) {
	w.t.Helper()
	if b.status != running || w.seen(b.name) != "running 0" {
		return
	}
	before := w.lines(b.name, -1)
	w.eventually(b.name+" writes or ends", func() bool {
		return w.seen(b.name) != "running 0" || w.lines(b.name, -1) > before
	})
}

// killBetween kills the daemon when it does nothing, and some containers and shims while no daemon is there.
func (w *world) killBetween() {
	w.t.Helper()
	type victim struct {
		box
		pid    int
		signal syscall.Signal
	}
	var victims []victim
	for _, b := range w.with(running, paused) {
		switch chance := w.rng.IntN(8); {
		case chance == 0:
			victims = append(victims, victim{b, w.shim(b.name), syscall.SIGKILL})
		case chance == 1 && b.status == running: // a frozen process does not die
			victims = append(victims, victim{b, w.pid(b.name), syscall.SIGKILL})
		case chance == 2 && b.status == running:
			victims = append(victims, victim{b, w.pid(b.name), syscall.SIGUSR1})
		}
	}
	w.note("kill the daemon, and without it %d others", len(victims))
	w.done["daemon killed between"]++
	w.kill()
	for _, v := range victims {
		w.killProcess(v.pid, v.signal)
		w.put(v.box, v.ended(map[syscall.Signal]int{syscall.SIGKILL: 137, syscall.SIGUSR1: 3}[v.signal]))
	}
	w.start()
	w.check()
}

// killShim kills the shim of some container under a living daemon.
func (w *world) killShim() {
	w.t.Helper()
	list := w.with(running, paused)
	if len(list) == 0 {
		return
	}
	b := list[w.rng.IntN(len(list))]
	w.note("kill the shim of %s", b.name)
	w.done["shim killed"]++
	w.killProcess(w.shim(b.name), syscall.SIGKILL)
	w.endsAs(b.ended(137))
	w.put(b, b.ended(137))
}

// endsAs waits for an end that is recorded without being waited for.
func (w *world) endsAs(b box) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%s is %s", b.name, b), func() bool { return w.is(b) })
}
