package crash

import (
	"fmt"
	"path/filepath"
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
	code        int    // of its last end
	starts      int    // at most, if a start was not acknowledged
	brief       bool   // it goes with its end (--rm)
	policy      string // when it is started again
	again       int    // how often the policy has done that, at most, since a person started it
	port        int    // of the host, or 0
	network     string // "": the default bridge
	memory      int64  // its limit in bytes, or 0
}

func (b box) String() string {
	if b.status == gone {
		return ""
	}
	return fmt.Sprintf("%s %d", b.status, b.code)
}

// stopped is the box after an end that a person asked for, which the policy leaves alone.
func (b box) stopped(code int) box {
	b.status, b.code, b.again = exited, code, 0
	if b.brief {
		b.status = gone
	}
	return b
}

// ended is the box after any other end.
func (b box) ended(code int) box {
	if b.policy == "" {
		return b.stopped(code)
	}
	again := b.again + 1
	b = b.started()
	b.again = again
	return b
}

func (b box) started() box {
	b.status, b.code, b.starts, b.again = running, 0, b.starts+1, 0
	return b
}

// adopted is the box after the daemon has been started: the policy `always` starts also what a person has stopped.
func (b box) adopted() box {
	if b.policy == "always" && b.status == exited {
		return b.started()
	}
	return b
}

// alive tells whether there is a process.
func (b box) alive() bool { return b.status == running || b.status == paused }

func (b box) with(status string) box { b.status = status; return b }
func (b box) renamed(to string) box  { b.name = to; return b }
func (b box) limited(to int64) box   { b.memory = to; return b }

// creation is the body of the request that makes a container.
func (b box) creation() map[string]any {
	network := b.network
	if network == "" {
		network = "bridge"
	}
	host := map[string]any{
		"AutoRemove": b.brief, "NetworkMode": network, "Memory": b.memory,
		"Binds": []string{filepath.Join(programs, "counter") + ":/counter:ro"},
	}
	if b.policy != "" {
		host["RestartPolicy"] = map[string]any{"Name": b.policy}
	}
	if b.port != 0 {
		host["PortBindings"] = map[string]any{"80/tcp": []any{map[string]string{"HostPort": fmt.Sprint(b.port)}}}
	}
	return map[string]any{"Image": "busybox", "Cmd": []string{"/counter"}, "Env": []string{"NAME=" + b.label}, "HostConfig": host}
}
