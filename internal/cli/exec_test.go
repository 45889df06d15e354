package cli_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// exec makes d play an exec "e1" in container "c", whose process is play and ends with code.
func (d *daemon) exec(code int, play func(p *process)) {
	p := &process{}
	d.on("POST /containers/c/exec", answer(201, map[string]any{"Id": "e1"}))
	d.on("POST /exec/e1/start", func(w http.ResponseWriter, r *http.Request) {
		p.attach(w, r)
		play(p)
		_ = p.raw.Close()
	})
	d.on("POST /exec/e1/resize", answer(200, nil))
	d.on("GET /exec/e1/json", answer(200, map[string]any{"ID": "e1", "ExitCode": code}))
}

func TestExecNeedsThreeRequests(t *testing.T) {
	d := newDaemon(t)
	d.exec(4, func(p *process) {
		p.stdout("out\n")
		p.stderr("err\n")
	})
	r := d.tug("exec", "-e", "A=1", "-w", "/srv", "-u", "me", "c", "ls", "-l")
	if r.code != 4 || r.out != "out\n" || r.err != "err\n" {
		t.Fatal(r)
	}
	if want := []string{"POST /containers/c/exec", "POST /exec/e1/start", "GET /exec/e1/json"}; !slices.Equal(d.log(), want) {
		t.Errorf("requests: %q", d.log())
	}
	body := string(d.last("POST", "/containers/c/exec").Body)
	for _, part := range []string{`"User":"me"`, `"WorkingDir":"/srv"`, `"Env":["A=1"]`, `"Cmd":["ls","-l"]`, `"AttachStdin":false`} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in %s", part, body)
		}
	}
}

func TestExecPassesInputAndItsEnd(t *testing.T) {
	d := newDaemon(t)
	d.exec(0, func(p *process) { p.stdout("<" + p.input() + ">") })
	if r := d.tugReading("some input", "exec", "-i", "c", "cat"); r.code != 0 || r.out != "<some input>" {
		t.Fatal(r)
	}
}

func TestExecWaitsForAProcessThatClosedItsOutput(t *testing.T) {
	d := newDaemon(t)
	d.exec(0, func(*process) {})
	looks := 0
	d.on("GET /exec/e1/json", func(w http.ResponseWriter, r *http.Request) {
		looks++
		answer(200, map[string]any{"ID": "e1", "Running": looks < 4, "ExitCode": map[bool]any{true: nil, false: 3}[looks < 4]})(w, r)
	})
	if r := d.tug("exec", "c", "true"); r.code != 3 || looks != 4 {
		t.Errorf("looked %d times: %v", looks, r)
	}
}

func TestExecDetached(t *testing.T) {
	d := newDaemon(t)
	d.exec(0, nil)
	d.on("POST /exec/e1/start", answer(200, nil))
	if r := d.tug("exec", "-d", "c", "sleep", "1"); r.code != 0 || r.out+r.err != "" {
		t.Fatal(r)
	}
	if body := string(d.last("POST", "/exec/e1/start").Body); !strings.Contains(body, `"Detach":true`) {
		t.Error(body)
	}
}

func TestExecWithoutATerminalSaysFirstThatThereIsNoContainer(t *testing.T) {
	d := newDaemon(t)
	if r := d.tug("exec", "-it", "c", "sh"); r.code != 1 || !strings.Contains(r.err, "no such thing: /containers/c/json") {
		t.Error(r)
	}
	d.on("GET /containers/c/json", answer(200, map[string]any{"Id": "c"}))
	if r := d.tug("exec", "-it", "c", "sh"); r.code != 1 || r.err != "cannot attach stdin to a TTY-enabled container because stdin is not a terminal\n" {
		t.Error(r)
	}
}

func TestStartAttachedReturnsTheExitCode(t *testing.T) {
	d := newDaemon(t)
	d.container(func(p *process) int {
		p.stdout("hello " + p.input())
		return 6
	})
	d.on("GET /containers/web/json", answer(200, map[string]any{
		"Id":         "c0ffee",
		"Config":     map[string]any{"OpenStdin": true},
		"HostConfig": map[string]any{"AutoRemove": true},
	}))
	if r := d.tugReading("you", "start", "-ai", "web"); r.code != 6 || r.out != "hello you" {
		t.Fatal(r)
	}
	if !slices.Contains(d.log(), "POST /containers/c0ffee/wait?condition=removed") {
		t.Errorf("requests: %q", d.log())
	}
}

func TestStartTellsWhichFailed(t *testing.T) {
	d := newDaemon(t)
	d.on("POST /containers/a/start", answer(204, nil))
	d.on("POST /containers/c/start", answer(204, nil))
	r := d.tug("start", "a", "b", "c")
	if r.code != 1 || r.out != "a\nc\n" || r.err != "Error response from daemon: no such thing: /containers/b/start\nfailed to start containers: b\n" {
		t.Fatal(r)
	}
}

func TestAttachFollowsARunningContainerToItsEnd(t *testing.T) {
	d := newDaemon(t)
	p := d.container(nil)
	d.on("GET /containers/{}/json", answer(200, map[string]any{
		"Id":     "c0ffee",
		"Config": map[string]any{"OpenStdin": true},
		"State":  map[string]any{"Running": true},
	}))
	d.on("POST /containers/{}/attach", func(w http.ResponseWriter, r *http.Request) {
		p.attach(w, r)
		go p.run(func(p *process) int {
			p.stdout("on and on\n")
			return 5
		})
	})
	if r := d.tug("attach", "web"); r.code != 5 || r.out != "on and on\n" {
		t.Fatal(r)
	}
}

func TestAttachRefusesWhatDoesNotRun(t *testing.T) {
	for state, want := range map[string]string{
		`{"Running":false}`:                  "cannot attach to a stopped container, start it first\n",
		`{"Running":true,"Paused":true}`:     "cannot attach to a paused container, unpause it first\n",
		`{"Running":true,"Restarting":true}`: "cannot attach to a restarting container, wait until it is running\n",
	} {
		d := newDaemon(t)
		d.on("GET /containers/{}/json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"Id":"c","Config":{},"State":`+state+`}`)
		})
		if r := d.tug("attach", "c"); r.code != 1 || r.err != want {
			t.Errorf("%s: %v", state, r)
		}
	}
}
