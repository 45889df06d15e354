package cli_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRunAsksOnlyWhatItNeedsAndStartsLast(t *testing.T) {
	d := newDaemon(t)
	d.container(func(p *process) int {
		p.stdout("hello\n")
		return 0
	})
	if r := d.tug("run", "--rm", "image", "echo", "hello"); r.code != 0 || r.out != "hello\n" || r.err != "" {
		t.Fatal(r)
	}
	log := d.log()
	if len(log) == 0 || !strings.HasPrefix(log[0], "POST /tug/run?") {
		t.Fatalf("requests: %q", log)
	}
	log = log[1:] // refused: this daemon is Docker's
	if len(log) != 4 || log[0] != "POST /containers/create" || log[3] != "POST /containers/c0ffee/start" {
		t.Errorf("requests: %q", log)
	}
	for _, want := range []string{
		"POST /containers/c0ffee/attach?stderr=1&stdout=1&stream=1",
		"POST /containers/c0ffee/wait?condition=removed",
	} {
		if !slices.Contains(log[1:3], want) {
			t.Errorf("no %q before the start, but %q", want, log)
		}
	}
}

func TestRunKeepsTheStreamsApartAndPassesInput(t *testing.T) {
	d := newDaemon(t)
	d.container(func(p *process) int {
		input := p.input() // returns when the end of the input was passed on
		p.stdout("out:" + input)
		p.stderr("err:" + input)
		return 0
	})
	r := d.tugReading("a line\n", "run", "-i", "image", "cat")
	if r.code != 0 || r.out != "out:a line\n" || r.err != "err:a line\n" {
		t.Fatal(r)
	}
	if !slices.Contains(d.log(), "POST /containers/c0ffee/attach?stderr=1&stdin=1&stdout=1&stream=1") {
		t.Errorf("requests: %q", d.log())
	}
}

func TestRunReturnsTheContainersExitCode(t *testing.T) {
	for _, code := range []int{0, 1, 42, 125, 137, 255} {
		d := newDaemon(t)
		d.container(func(*process) int { return code })
		if r := d.tug("run", "image"); r.code != code || r.out+r.err != "" {
			t.Errorf("code %d: %v", code, r)
		}
	}
}

func TestRunTellsWhoFailedByTheExitCode(t *testing.T) {
	const help = "\n\nRun 'tug run --help' for more information\n"
	for _, c := range []struct {
		message string
		code    int
	}{
		{`exec: "nosuch": executable file not found in $PATH`, 127},
		{`exec: "/nosuch": stat /nosuch: no such file or directory`, 127},
		{`exec: "/etc": permission denied`, 126},
		{`exec: "/etc": is a directory`, 126},
		{`port 80 is in use`, 125},
	} {
		d := newDaemon(t)
		d.container(nil)
		d.on("POST /containers/{}/start", refusal(http.StatusInternalServerError, c.message))
		r := d.tug("run", "image")
		if r.code != c.code || r.err != "tug: Error response from daemon: "+c.message+help {
			t.Errorf("%s: %v", c.message, r)
		}
	}
}

func TestRunWaitsForRemovalWhenTheStartFails(t *testing.T) {
	for _, detach := range []bool{false, true} {
		d := newDaemon(t)
		p := d.container(nil)
		d.on("POST /containers/{}/start", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusBadRequest, "no")
			close(p.ended)
		})
		args := []string{"run", "--rm", "image"}
		if detach {
			args = []string{"run", "--rm", "-d", "image"}
		}
		if r := d.tug(args...); r.code != 125 {
			t.Error(r)
		}
		if !slices.Contains(d.log(), "POST /containers/c0ffee/wait?condition=removed") {
			t.Errorf("requests: %q", d.log())
		}
	}
}

func TestRunDetachedPrintsTheIDAndWaitsForNothing(t *testing.T) {
	d := newDaemon(t)
	d.container(func(*process) int { return 3 })
	if r := d.tug("run", "-d", "image"); r.code != 0 || r.out != "c0ffee\n" {
		t.Fatal(r)
	}
	if log := d.log(); len(log) != 3 || log[0] != "POST /tug/run?detach=1" {
		t.Errorf("requests: %q", log)
	}
}

func TestRunPullsAnImageThatIsMissing(t *testing.T) {
	d := newDaemon(t)
	d.container(func(*process) int { return 0 })
	pulled := false
	d.on("POST /containers/create", func(w http.ResponseWriter, r *http.Request) {
		if !pulled {
			refuse(w, http.StatusNotFound, "No such image: busybox:latest")
			return
		}
		answer(201, map[string]any{"Id": "c0ffee", "Warnings": []string{"mind the gap"}})(w, r)
	})
	d.on("POST /images/create", func(w http.ResponseWriter, r *http.Request) {
		pulled = true
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":"Pulling from library/busybox","id":"latest"}` + "\n" + `{"status":"Status: Downloaded newer image"}` + "\n"))
	})
	r := d.tug("run", "busybox")
	want := "Unable to find image 'busybox:latest' locally\nStatus: Downloaded newer image\nWARNING: mind the gap\n"
	if r.code != 0 || r.out != "" || r.err != want {
		t.Fatal(r)
	}
	if got := d.last("POST", "/images/create"); got.Query != "fromImage=docker.io%2Flibrary%2Fbusybox&tag=latest" {
		t.Errorf("pull: %v", got)
	}
}

func TestRunReportsAFailedPull(t *testing.T) {
	d := newDaemon(t)
	d.container(nil)
	d.on("POST /containers/create", refusal(http.StatusNotFound, "No such image: nosuch:latest"))
	d.on("POST /images/create", answer(200, map[string]any{
		"error":       "pull access denied",
		"errorDetail": map[string]any{"message": "pull access denied"},
	}))
	r := d.tug("run", "nosuch")
	if r.code != 125 || !strings.Contains(r.err, "tug: pull access denied\n\nRun 'tug run --help'") {
		t.Fatal(r)
	}
	if r := d.tug("run", "--pull", "never", "nosuch"); r.code != 125 || strings.Contains(r.err, "pull access") {
		t.Fatal(r)
	}
}

func TestRunAlwaysPullsWhenTold(t *testing.T) {
	d := newDaemon(t)
	d.container(func(*process) int { return 0 })
	d.on("POST /images/create", answer(200, map[string]any{"status": "Image is up to date"}))
	if r := d.tug("run", "--pull", "always", "-q", "busybox"); r.code != 0 || r.err != "" {
		t.Fatal(r)
	}
	if log := d.log(); !strings.HasPrefix(log[0], "POST /images/create") {
		t.Errorf("requests: %q", log)
	}
}

func TestRunWritesTheIDToAFile(t *testing.T) {
	d := newDaemon(t)
	d.container(func(*process) int { return 0 })
	path := filepath.Join(t.TempDir(), "cid")
	if r := d.tug("run", "--cidfile", path, "image"); r.code != 0 {
		t.Fatal(r)
	}
	if id, err := os.ReadFile(path); err != nil || string(id) != "c0ffee" {
		t.Errorf("cidfile: %q, %v", id, err)
	}
	if r := d.tug("run", "--cidfile", path, "image"); r.code != 125 || !strings.Contains(r.err, "container ID file found") {
		t.Error(r)
	}
	d.on("POST /containers/create", refusal(http.StatusConflict, "no"))
	path = filepath.Join(t.TempDir(), "cid")
	d.tug("run", "--cidfile", path, "image")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a file is left of a container that was not made: %v", err)
	}
}

func TestRunRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		err  string
	}{
		{[]string{"--rm", "--restart", "always", "i"}, 125, "tug: conflicting options: cannot specify both --restart and --rm\n\nRun 'tug run --help' for more information\n"},
		{[]string{"-d", "-a", "stdout", "i"}, 1, "conflicting options: cannot specify both --attach and --detach\n"},
		{[]string{"-it", "i"}, 1, "cannot attach stdin to a TTY-enabled container because stdin is not a terminal\n"},
		{[]string{"--memory-swappiness", "101", "i"}, 125, "tug: invalid value: 101. Valid memory swappiness range is 0-100\n\nRun 'tug run --help' for more information\n"},
		{[]string{"--cpu-count", "1", "i"}, 125, "tug: \"--cpu-count\" is only supported on a daemon running on windows, but the daemon is running on linux\n\nRun 'tug run --help' for more information\n"},
		{[]string{"--nosuch", "i"}, 125, "unknown flag: --nosuch\n\nUsage:  tug run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun 'tug run --help' for more information\n"},
		{nil, 1, "tug: 'tug run' requires at least 1 argument\n\nUsage:  tug run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nSee 'tug run --help' for more information\n"},
	} {
		d := newDaemon(t)
		r := d.tug(append([]string{"run"}, c.args...)...)
		if r.code != c.code || r.err != c.err {
			t.Errorf("%q: %v", c.args, r)
		}
		if log := d.log(); len(log) > 0 {
			t.Errorf("%q asked the daemon: %q", c.args, log)
		}
	}
}

func TestDryRunShowsThePlanAndStartsNothing(t *testing.T) {
	d := newDaemon(t).on("POST /containers/create", answer(201, map[string]any{"Id": "f00d"}))
	d.on("POST /tug/plan", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("1 mount proc on /proc\n"))
	})
	r := d.tug("run", "--dry-run", "--name", "web", "-m", "1g", "--cap-add", "net_raw", "image", "true")
	if r.code != 0 || r.out != "1 mount proc on /proc\n" {
		t.Fatal(r)
	}
	plan := d.last("POST", "/tug/plan")
	if plan.Query != "name=web" || plan.Version != "" {
		t.Errorf("plan: %v", plan)
	}
	d.tug("create", "--name", "web", "-m", "1g", "--cap-add", "net_raw", "image", "true")
	if created := d.last("POST", "/containers/create"); !bytes.Equal(bytes.TrimSpace(plan.Body), bytes.TrimSpace(created.Body)) {
		t.Errorf("the plan is for\n%s\nbut would be created from\n%s", plan.Body, created.Body)
	}
	d.on("POST /tug/plan", refusal(http.StatusBadRequest, "cannot plan this"))
	if r := d.tug("run", "--dry-run", "image"); r.code != 125 || !strings.Contains(r.err, "cannot plan this") {
		t.Error(r)
	}
}
