package crash

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// refusal is an answer of the daemon that says no.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.message) }

// ask sends a request and reads the answer's JSON into an object, unless that is nil. What it gives nil for was
// acknowledged by the daemon, in full.
func (d *daemon) ask(method, path string, body, into any) error {
	data, err := d.request(method, path, body)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// request sends a request and gives the answer's body as it is.
func (d *daemon) request(method, path string, body any) ([]byte, error) {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, "http://d/v1.44"+path, sent)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := d.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 400 {
		var said struct{ Message string }
		if json.Unmarshal(data, &said) != nil {
			said.Message = string(data)
		}
		err = &refusal{answer.StatusCode, said.Message}
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return data, nil
}

// refused tells whether the daemon answered with a status.
func refused(err error, status int) bool {
	r := new(refusal)
	return errors.As(err, &r) && r.status == status
}

// seen is what inspect tells of a container, as far as the tests look at it.
type seen struct {
	ID           string
	RestartCount int
	State        struct {
		Status        string
		ExitCode, Pid int
	}
	HostConfig struct {
		Memory        int64
		RestartPolicy struct{ Name string }
	}
	NetworkSettings struct {
		Networks map[string]struct{ IPAddress string }
	}
}

// state is the status and the exit code, as box.String; "" of a container that is not there.
func (s seen) state() string {
	if s.ID == "" {
		return ""
	}
	return fmt.Sprintf("%s %d", s.State.Status, s.State.ExitCode)
}

// look gives what inspect tells of a container; nothing if there is no such container.
func (d *daemon) look(name string) (s seen, err error) {
	err = d.ask("GET", "/containers/"+name+"/json", nil, &s)
	if refused(err, http.StatusNotFound) {
		return seen{}, nil
	}
	return s, err
}

// output gives what a container has written to its log.
func (d *daemon) output(name string) (string, error) {
	frames, err := d.request("GET", "/containers/"+name+"/logs?stdout=1&stderr=1", nil)
	if err != nil {
		return "", err
	}
	return unframed(frames)
}

// unframed takes the heads of frames away.
func unframed(frames []byte) (string, error) {
	var text strings.Builder
	for len(frames) > 0 {
		if len(frames) < 8 || int(binary.BigEndian.Uint32(frames[4:8])) > len(frames)-8 {
			return "", fmt.Errorf("a torn frame: %q", frames[:min(len(frames), 100)])
		}
		n := int(binary.BigEndian.Uint32(frames[4:8]))
		text.Write(frames[8 : 8+n])
		frames = frames[8+n:]
	}
	return text.String(), nil
}

// exec runs a command in a container and gives its output and its exit code. One that is detached is only started.
func (d *daemon) exec(name string, detached bool, args ...string) (text string, code int, err error) {
	var made struct{ ID string }
	if err = d.ask("POST", "/containers/"+name+"/exec", map[string]any{"Cmd": args, "AttachStdout": !detached, "AttachStderr": !detached}, &made); err != nil {
		return "", 0, err
	}
	frames, err := d.request("POST", "/exec/"+made.ID+"/start", map[string]any{"Detach": detached})
	if err != nil || detached {
		return "", 0, err
	}
	if text, err = unframed(frames); err != nil {
		return "", 0, err
	}
	var state struct{ ExitCode *int }
	if err = d.ask("GET", "/exec/"+made.ID+"/json", nil, &state); err == nil && state.ExitCode == nil {
		err = fmt.Errorf("an exec in %s whose output has ended has no exit code", name)
	}
	if err != nil {
		return text, 0, err
	}
	return text, *state.ExitCode, nil
}
