package crash

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// The tests of load do less than they could, so that they take seconds. TUG_LOAD_RUNS and TUG_LOAD_ROUNDS make them longer.
const (
	atATime    = 8
	containers = 200
	runs       = 400
	rounds     = 400
)

// times calls f for each number below count, several at a time.
func times(count int, f func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range atATime {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	workers.Wait()
}

// sleeper is the body of a request for a container that does nothing; each tenth has what a container can have beside.
func sleeper(i int, network string, port int) map[string]any {
	host := map[string]any{"NetworkMode": network, "AutoRemove": i%3 == 0}
	body := map[string]any{"Image": "busybox", "Cmd": []string{"sleep", "100000"}, "HostConfig": host}
	if port != 0 {
		host["PortBindings"] = map[string]any{"80/tcp": []any{map[string]string{"HostPort": fmt.Sprint(port)}}}
		body["Volumes"] = map[string]any{"/data": map[string]any{}}
		body["OpenStdin"], body["Tty"] = true, i%20 == 0
	}
	return body
}

// startMany starts so many containers and gives the errors of those that failed. The function is called after each.
func (d *daemon) startMany(count int, after func(i int)) (failed []error) {
	d.t.Helper()
	if err := d.ask("POST", "/networks/create", map[string]any{"Name": "own", "Options": map[string]string{"com.docker.network.bridge.name": d.name + "n"}}, nil); err != nil {
		d.t.Fatal(err)
	}
	ports := make([]int, count)
	for i := 0; i < count; i += 10 {
		ports[i] = freePort(d.t)
	}
	var mu sync.Mutex
	times(count, func(i int) {
		network := "bridge"
		if i%5 == 0 {
			network = "own"
		}
		name := fmt.Sprint("many", i)
		err := d.ask("POST", "/containers/create?name="+name, sleeper(i, network, ports[i]), nil)
		if err == nil {
			err = d.ask("POST", "/containers/"+name+"/start", nil, nil)
		}
		if err != nil {
			mu.Lock()
			failed = append(failed, err)
			mu.Unlock()
		}
		after(i)
	})
	return failed
}

// removeAll removes all containers and the network.
func (d *daemon) removeAll() {
	d.t.Helper()
	var list []struct{ ID string }
	if err := d.ask("GET", "/containers/json?all=1", nil, &list); err != nil {
		d.t.Fatal(err)
	}
	times(len(list), func(i int) {
		if err := d.ask("DELETE", "/containers/"+list[i].ID+"?force=1&v=1", nil, nil); err != nil {
			d.t.Error(err)
		}
	})
	if err := d.ask("DELETE", "/networks/own", nil, nil); err != nil {
		d.t.Error(err)
	}
}

// practised tells what the daemon takes once it has done all that the tests do: some things are made when they are first needed.
func (d *daemon) practised() usage {
	d.t.Helper()
	if failed := d.startMany(4*atATime, func(int) {}); len(failed) > 0 {
		d.t.Fatal(failed)
	}
	d.removeAll()
	return d.atRest()
}

func TestTwoHundredContainersLeaveNothing(t *testing.T) {
	d := newDaemon(t, "busybox")
	before := d.practised()
	if failed := d.startMany(containers, func(int) {}); len(failed) > 0 {
		t.Fatalf("%d of %d failed: %v", len(failed), containers, failed)
	}
	most := d.usage()
	d.removeAll()
	d.returnsTo(before)
	t.Logf("the daemon took %+v, with %d containers %+v, and then %+v", before, containers, most, d.usage())
}

func TestTwoHundredContainersLeaveNothingThoughTheDaemonIsKilled(t *testing.T) {
	d := newDaemon(t, "busybox")
	before := d.practised()
	half := make(chan struct{})
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		<-half
		d.cmd.Process.Signal(syscall.SIGKILL)
		d.cmd.Wait()
	}()
	failed := d.startMany(containers, func(i int) {
		if i == containers/2 {
			close(half)
		}
	})
	<-killed
	if len(failed) == 0 {
		t.Fatal("the daemon was killed too late")
	}
	d.start()
	var list []struct{ State string }
	if err := d.ask("GET", "/containers/json?all=1", nil, &list); err != nil {
		t.Fatal(err)
	}
	running := len(slices.DeleteFunc(slices.Clone(list), func(c struct{ State string }) bool { return c.State != running }))
	// Those under way when it was killed may be there or not.
	if acknowledged := containers - len(failed); running < acknowledged || running > acknowledged+atATime {
		t.Errorf("%d containers run, and %d starts were acknowledged", running, acknowledged)
	}
	d.removeAll()
	d.returnsTo(before)
	t.Logf("%d of %d starts failed, %d containers were found again, and nothing is left", len(failed), containers, len(list))
}

func TestManyRunsLeaveTheDaemonsMemory(t *testing.T) {
	d := newDaemon(t, "busybox")
	run := func(int) {
		frames, err := d.request("POST", "/containers/create", map[string]any{"Image": "busybox", "Cmd": []string{"true"}, "HostConfig": map[string]any{"AutoRemove": true}})
		if err != nil {
			t.Error(err)
			return
		}
		_, id, _ := strings.Cut(string(frames), `"Id":"`)
		id = id[:min(64, len(id))]
		if err := d.ask("POST", "/containers/"+id+"/start", nil, nil); err != nil {
			t.Error(err)
		}
		if err := d.ask("POST", "/containers/"+id+"/wait?condition=removed", nil, nil); err != nil && !refused(err, 404) {
			t.Error(err)
		}
	}
	count := int(setting(t, "TUG_LOAD_RUNS", runs))
	times(count/2, run) // the first ones fill what is kept for the next
	before, memory := d.atRest(), resident(d.cmd.Process.Pid)
	times(count, run)
	d.returnsTo(before)
	const slack = 8 << 10 // KiB: garbage that is not collected yet
	if !await(func() bool { return resident(d.cmd.Process.Pid) <= memory+slack }) {
		t.Errorf("the daemon had %d KiB, and has %d KiB after %d more runs", memory, resident(d.cmd.Process.Pid), count)
	}
	t.Logf("%d KiB before %d runs, %d KiB after", memory, count, resident(d.cmd.Process.Pid))
}
