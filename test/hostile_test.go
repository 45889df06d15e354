package test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// bystander is a container that others must not hurt.
type bystander struct {
	d        *daemon
	name     string
	pid, ran string
}

func (d *daemon) bystander(t *testing.T) bystander {
	t.Helper()
	b := bystander{d: d, name: fmt.Sprint("bystander", serial.Add(1))}
	output(t, d.tug("run", "-d", "--name", b.name, "busybox", "sleep", "100000"))
	t.Cleanup(func() { d.tug("rm", "-f", b.name).Run() })
	b.pid, b.ran = pidOf(t, d.tug, b.name), b.since(t)
	return b
}

func (b bystander) since(t *testing.T) string {
	t.Helper()
	return output(t, b.d.tug("inspect", "-f", "{{.State.StartedAt}} {{.RestartCount}}", b.name))
}

// isUnhurt holds that the container runs as it did, that it can be worked with, and that the daemon is the same process.
func (b bystander) isUnhurt(t *testing.T) {
	t.Helper()
	if got := output(t, b.d.tug("exec", b.name, "echo", "here")); got != "here" {
		t.Errorf("an exec beside says %q", got)
	}
	if pid, ran := pidOf(t, b.d.tug, b.name), b.since(t); pid != b.pid || ran != b.ran {
		t.Errorf("the container beside is process %s since %s, was %s since %s", pid, ran, b.pid, b.ran)
	}
	if got := output(t, b.d.tug("ps", "--format", "{{.Names}} {{.State}}", "--filter", "name="+b.name)); got != b.name+" running" {
		t.Errorf("ps says %q", got)
	}
	select {
	case <-b.d.ended:
		t.Fatal("the daemon has ended")
	default:
	}
}

// say sends bytes that may be no request at all, and gives all that is answered until the daemon ends the connection.
func (d *daemon) say(t *testing.T, network, address, text string) string {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, text) // the daemon may have had enough before the end
	answer, _ := io.ReadAll(conn) // of a connection that is cut, what came before
	return string(answer)
}

func (d *daemon) socket() string { return strings.TrimPrefix(d.host(), "unix://") }

// requestAs is request with a Content-Type of one's own choice.
func (d *daemon) requestAs(t *testing.T, contentType, method, path, body string) (status int, answer string) {
	t.Helper()
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: tug\r\nConnection: close\r\nContent-Length: %d\r\n", method, path, len(body))
	if contentType != "" {
		head += "Content-Type: " + contentType + "\r\n"
	}
	answer = d.say(t, "unix", d.socket(), head+"\r\n"+body)
	if _, err := fmt.Sscanf(answer, "HTTP/1.1 %d ", &status); err != nil {
		t.Fatalf("%s %s: %q", method, path, answer)
	}
	_, answer, _ = strings.Cut(answer, "\r\n\r\n")
	return status, answer
}

// TestWhatCannotBeUnderstoodIsRefused sends what no client should: each is answered with Docker's status and a word on what is
// wrong, and nothing is made of it.
func TestWhatCannotBeUnderstoodIsRefused(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forDocker
	beside := d.bystander(t)
	const box = `{"Image":"busybox","Cmd":["true"]}`
	host := func(fields string) string { return `{"Image":"busybox","Cmd":["true"],"HostConfig":{` + fields + `}}` }
	me := "/containers/" + beside.name
	for _, c := range []struct {
		what, method, path, body string
		status                   int
		words                    string
	}{
		{"no body", "POST", "/containers/create", "", 400, "EOF"},
		{"half a body", "POST", "/containers/create", "{", 400, "invalid JSON"},
		{"a list", "POST", "/containers/create", "[]", 400, "invalid JSON"},
		{"nothing of a container", "POST", "/containers/create", "{}", 400, "config cannot be empty"},
		{"two documents", "POST", "/containers/create", box + box, 400, "unexpected content after JSON"},
		{"a number for a name", "POST", "/containers/create", `{"Image":7}`, 400, "invalid JSON"},
		{"lists in lists", "POST", "/containers/create", strings.Repeat("[", 100_000), 400, "max depth"},
		{"objects in objects", "POST", "/containers/create", strings.Repeat(`{"a":`, 100_000), 400, "max depth"},
		{"a list where text belongs", "POST", "/containers/create", `{"Labels":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, 400, "invalid JSON"},
		{"a huge body", "POST", "/containers/create", `{"Image":"busybox","Labels":{"x":"` + strings.Repeat("y", 9<<20) + `"}}`, 413, "larger than"},
		{"an unknown image", "POST", "/containers/create", `{"Image":"no-such-image"}`, 404, "No such image"},
		{"a name with a slash", "POST", "/containers/create?name=a/b", box, 400, "Invalid container name"},
		{"a name that climbs", "POST", "/containers/create?name=..%2f..%2fx", box, 400, "Invalid container name"},
		{"a name that is no text", "POST", "/containers/create?name=%ff%fe", box, 400, "Invalid container name"},
		{"a query that cannot be read", "POST", "/containers/create?name=%zz", box, 400, "invalid URL escape"},
		{"a name that is taken", "POST", "/containers/create?name=" + beside.name, box, 409, "is already in use by container"},
		{"a variable with a zero byte", "POST", "/containers/create", `{"Image":"busybox","Cmd":["true"],"Env":["A=\u0000"]}`, 400, "invalid environment"},
		{"a volume with a zero byte", "POST", "/containers/create", `{"Image":"busybox","Cmd":["true"],"Volumes":{"/a\u0000b":{}}}`, 400, "zero byte"},
		{"a volume on the root", "POST", "/containers/create", host(`"Binds":["/tmp:/"]`), 400, "destination can't be '/'"},
		{"a volume in /proc", "POST", "/containers/create", host(`"Binds":["/tmp:/proc/self/attr"]`), 400, "inside /proc"},
		{"a volume that climbs", "POST", "/containers/create", host(`"Binds":["../x:/x"]`), 400, "invalid characters"},
		{"a folder that is missing", "POST", "/containers/create", host(`"Mounts":[{"Type":"bind","Source":"/no/such","Target":"/x"}]`), 400, "bind source path does not exist: /no/such"},
		{"a stop signal that there is not", "POST", "/containers/create", `{"Image":"busybox","Cmd":["true"],"StopSignal":"999"}`, 400, "does not support signal 999"},
		{"little memory", "POST", "/containers/create", host(`"Memory":1024`), 400, "Minimum memory limit allowed is 6MB"},
		{"negative processors", "POST", "/containers/create", host(`"NanoCpus":-1`), 400, "range of CPUs"},
		{"an unknown limit", "POST", "/containers/create", host(`"Ulimits":[{"Name":"nosuch","Soft":1,"Hard":1}]`), 400, "invalid ulimit type"},
		{"a null among limits", "POST", "/containers/create", host(`"Ulimits":[null]`), 400, "null"},
		{"an unknown network", "POST", "/containers/create", host(`"NetworkMode":"nosuch"`), 400, "network nosuch not found"},
		{"an unknown logger", "POST", "/containers/create", host(`"LogConfig":{"Type":"nosuch"}`), 400, "error looking up logging plugin nosuch"},
		{"a port that is none", "POST", "/containers/create", host(`"PortBindings":{"80/tcp":[{"HostPort":"99999"}]}`), 400, "invalid host port"},
		{"an id that climbs", "GET", "/containers/..%2f..%2fetc/json", "", 404, "No such container"},
		{"an id of a zero byte", "GET", "/containers/%00/json", "", 404, "No such container"},
		{"an id that is no text", "GET", "/containers/%ff/json", "", 404, "No such container"},
		{"an image that climbs", "GET", "/images/..%2f..%2f/json", "", 404, "No such image"},
		{"a volume's name that climbs", "DELETE", "/volumes/..%2f..%2fetc", "", 404, "no such volume"},
		{"a new volume that climbs", "POST", "/volumes/create", `{"Name":"../../x"}`, 400, "invalid characters"},
		{"a network that climbs", "POST", "/networks/create", `{"Name":"../x"}`, 400, "network name"},
		{"an exec that climbs", "POST", "/exec/..%2f/start", "{}", 404, "No such exec instance"},
		{"filters that are none", "GET", "/containers/json?filters={", "", 400, "invalid filter"},
		{"a filter that there is not", "GET", `/containers/json?filters={"a":["b"]}`, "", 400, "invalid filter 'a'"},
		{"a limit that is none", "GET", "/containers/json?limit=99999999999999999999", "", 400, "limit"},
		{"a time that is none", "GET", me + "/logs?stdout=1&since=x", "", 400, "invalid time"},
		{"no stream", "GET", me + "/logs", "", 400, "at least one stream"},
		{"events of no time", "GET", "/events?since=x", "", 400, "invalid time"},
		{"a signal that there is not", "POST", me + "/kill?signal=NOSUCH", "", 400, "nvalid signal: NOSUCH"},
		{"a signal beyond all", "POST", me + "/kill?signal=999", "", 400, "does not support signal 999"},
		{"a signal below all", "POST", me + "/kill?signal=-9", "", 400, "does not support signal -9"},
		{"a terminal beyond all", "POST", me + "/resize?h=99999999&w=1", "", 400, "out of range"},
		{"a condition that there is not", "POST", me + "/wait?condition=never", "", 400, "invalid condition"},
		{"patience that is none", "POST", me + "/stop?t=x", "", 400, "whole number"},
		{"keys that are none", "POST", me + "/attach?detachKeys=bad", "", 400, "invalid detach keys"},
		{"an exec of nothing", "POST", me + "/exec", "{}", 400, "No exec command specified"},
		{"an update to little memory", "POST", me + "/update", `{"Memory":1024}`, 400, "Minimum memory limit allowed is 6MB"},
		{"an archive of nothing", "GET", me + "/archive?path=", "", 400, "cannot be empty"},
		{"an archive of a zero byte", "GET", me + "/archive?path=%00", "", 400, "zero byte"},
		{"options of ps that are none", "GET", me + "/top?ps_args=-o+nosuch", "", 400, "nosuch"},
		{"a version that is to come", "GET", "/v1.99/info", "", 400, "is too new"},
		{"a version that is gone", "GET", "/v0.1/info", "", 400, "is too old"},
		{"a page that there is not", "GET", "/no/such/page", "", 404, "page not found"},
		{"a method that there is not", "PATCH", "/info", "", 404, "page not found"},
	} {
		status, answer := d.requestAs(t, "application/json", c.method, c.path, c.body)
		if status != c.status || !strings.Contains(answer, c.words) {
			t.Errorf("%s: %d %.300s; want %d with %q", c.what, status, answer, c.status, c.words)
		}
	}
	for contentType, words := range map[string]string{"": "malformed Content-Type", "text/plain": "unsupported Content-Type", "application/x-www-form-urlencoded": "unsupported Content-Type", `application/json; charset="`: "malformed Content-Type"} {
		if status, answer := d.requestAs(t, contentType, "POST", "/containers/create", box); status != http.StatusBadRequest || !strings.Contains(answer, words) {
			t.Errorf("content of type %q: %d %s", contentType, status, answer)
		}
	}
	beside.isUnhurt(t)
}

// TestUnknownFieldsArePassedOver lets clients be newer than the daemon, as Docker does.
func TestUnknownFieldsArePassedOver(t *testing.T) {
	needsEngine(t)
	output(t, forTug.tug("pull", "-q", "busybox"))
	status, answer := forTug.request(t, "POST", "/containers/create", `{"Image":"busybox","Cmd":["true"],"Nonsense":1,"HostConfig":{"Bogus":{"deep":[true]}}}`)
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	output(t, forTug.tug("rm", idIn(t, answer)))
}

// TestStartsThatTheKernelRefusesAreExplained creates what only the kernel can refuse, and tells from the answer what to change.
func TestStartsThatTheKernelRefusesAreExplained(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	beside := d.bystander(t)
	for what, c := range map[string]struct {
		body   string
		status int
		words  string
	}{
		"a zero byte in an argument":       {`"Cmd":["true","a\u0000b"]`, 400, "zero byte"},
		"a user beyond the ids":            {`"Cmd":["true"],"User":"70000"`, 400, "--userns host"},
		"a user beyond 32 bits":            {`"Cmd":["true"],"User":"4294967296"`, 400, "range 0-2147483647"},
		"a group beyond 32 bits":           {`"Cmd":["true"],"User":"0:4294967296"`, 400, "range 0-2147483647"},
		"a negative user":                  {`"Cmd":["true"],"User":"-1"`, 400, "range 0-2147483647"},
		"an unknown user":                  {`"Cmd":["true"],"User":"nosuch"`, 400, "unable to find user nosuch"},
		"room for no process":              {`"Cmd":["true"],"HostConfig":{"PidsLimit":1}`, 400, "--pids-limit"},
		"long arguments":                   {`"Cmd":["true","` + strings.Repeat("x", 200_000) + `"]`, 400, "argument list too long"},
		"a deep folder":                    {`"Cmd":["true"],"WorkingDir":"/` + strings.Repeat("d/", 3000) + `"`, 400, "too many components"},
		"a kernel parameter of the host's": {`"Cmd":["true"],"HostConfig":{"Sysctls":{"kernel.core_pattern":"|/x"}}`, 400, "would change the host"},
		"a kernel parameter that climbs":   {`"Cmd":["true"],"HostConfig":{"Sysctls":{"net/../../kernel/hostname":"x"}}`, 400, "no name of a kernel parameter"},
	} {
		status, answer := d.request(t, "POST", "/containers/create", `{"Image":"busybox",`+c.body+`}`)
		if status != http.StatusCreated {
			t.Errorf("%s: %d %s", what, status, answer)
			continue
		}
		id := idIn(t, answer)
		if status, answer = d.request(t, "POST", "/containers/"+id+"/start", ""); status != c.status || !strings.Contains(answer, c.words) {
			t.Errorf("%s: %d %s; want %d with %q", what, status, answer, c.status, c.words)
		}
		output(t, d.tug("rm", id))
	}
	beside.isUnhurt(t)
}

// TestHundredsOfPortsArePublished holds the sockets of more ports than the kernel hands over at once.
func TestHundredsOfPortsArePublished(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	output(t, d.tug("pull", "-q", "busybox"))
	var exposed []string
	for port := range 600 {
		exposed = append(exposed, fmt.Sprintf(`"%d/tcp":{}`, port+1))
	}
	_, answer := d.request(t, "POST", "/containers/create", `{"Image":"busybox","Cmd":["sleep","1000"],"ExposedPorts":{`+strings.Join(exposed, ",")+`},"HostConfig":{"PublishAllPorts":true}}`)
	id := idIn(t, answer)
	defer func() { output(t, d.tug("rm", "-f", id)) }()
	output(t, d.tug("start", id))
	if got := len(strings.Fields(output(t, d.tug("inspect", "-f", "{{range .NetworkSettings.Ports}}{{(index . 0).HostPort}} {{end}}", id)))); got != 600 {
		t.Errorf("%d ports are published", got)
	}
	last := output(t, d.tug("inspect", "-f", `{{(index (index .NetworkSettings.Ports "600/tcp") 0).HostPort}}`, id))
	if l, err := net.Listen("tcp4", "0.0.0.0:"+last); err == nil {
		l.Close()
		t.Errorf("the host port %s is held by nobody", last)
	}
}
