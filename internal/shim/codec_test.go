package shim

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	run := &Run{
		Container: "c1", Plan: []byte{1, 0, 255}, Process: Streams{Terminal: true, Height: 24, Width: 80, Stdin: true, StdinOnce: true},
		Log: Log{Path: "/log", MaxSize: 1 << 40, MaxFiles: 3, Compress: true, Attrs: map[string]string{"a": "b", "": "ü"}}, OOMFile: "/oom", Runtime: &Runtime{Args: []string{"/sbin/runc", "--debug"}, Env: []string{"A=b"}, Dir: "/run/tug", Domainname: "example.org"},
		Forwards: []string{"", "10.0.0.2:80"}, Leashed: true,
	}
	exec := &Exec{ID: "x", Plan: []byte("plan"), Process: Streams{Stdin: true}, JSON: []byte("{}"), Note: []byte("note")}
	attach := Attach{ID: "x", Stdin: true, Stderr: true}
	hello := Hello{Version: Version, Container: "c1", Pid: 7, Started: at, UserNS: 5, NetNS: 6, Exited: true, Exit: Exit{Code: 137, At: at, OOM: true}, Execs: []ExecState{{ID: "x", Note: []byte("note"), Pid: 8, Exited: true}, {ID: "y", Note: []byte{}}}}
	proc := Proc{Pid: 9, Started: at, Warnings: []string{"one", ""}}
	for name, c := range map[string]struct {
		body []byte
		read func([]byte) (any, error)
		want any
	}{
		"run":          {run.Encode(), func(b []byte) (any, error) { return DecodeRun(b) }, run},
		"empty run":    {(&Run{}).Encode(), func(b []byte) (any, error) { return DecodeRun(b) }, &Run{Plan: []byte{}}},
		"exec":         {exec.Encode(), func(b []byte) (any, error) { return DecodeExec(b) }, exec},
		"attach":       {attach.Encode(), func(b []byte) (any, error) { return DecodeAttach(b) }, attach},
		"hello":        {hello.Encode(), func(b []byte) (any, error) { return DecodeHello(b) }, hello},
		"first hello":  {(&Hello{}).Encode(), func(b []byte) (any, error) { return DecodeHello(b) }, Hello{}},
		"exit":         {hello.Exit.Encode(), func(b []byte) (any, error) { return DecodeExit(b) }, hello.Exit},
		"proc":         {proc.Encode(), func(b []byte) (any, error) { return DecodeProc(b) }, proc},
		"a failure":    {EncodeFailure(&Failure{"mount /x", int(syscall.ENOENT), []byte("log")}), func(b []byte) (any, error) { return decodeFailure(b), nil }, &Failure{"mount /x", int(syscall.ENOENT), []byte("log")}},
		"of a process": {EncodeOf("x", 24, 80), func(b []byte) (any, error) { id, n, err := DecodeOf(b, 2); return append([]int{len(id)}, n...), err }, []int{1, 24, 80}},
	} {
		got, err := c.read(c.body)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
		for n := range c.body { // torn anywhere, it is an error and never a panic
			if _, err := c.read(c.body[:n]); err == nil && name != "a failure" {
				t.Errorf("%s: %d of %d bytes were taken for the whole", name, n, len(c.body))
			}
		}
	}
}

func TestFailureCarriesItsErrno(t *testing.T) {
	err := decodeFailure(EncodeFailure(&Failure{Note: "exec sh", Errno: int(syscall.ENOENT)}))
	if !errors.Is(err, syscall.ENOENT) || err.Error() != "exec sh: no such file or directory" {
		t.Errorf("got %v", err)
	}
	if err := decodeFailure(EncodeFailure(&Failure{Note: "no process"})); err.Error() != "no process" || errors.Unwrap(err) != nil {
		t.Errorf("got %v", err)
	}
}

func TestReadMessage(t *testing.T) {
	var pipe bytes.Buffer
	if err := WriteMessage(&pipe, KindWait, []byte("body")); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(pipe.Bytes())
	if kind, body, err := ReadMessage(&pipe); kind != KindWait || string(body) != "body" || err != nil {
		t.Errorf("got %d, %q, %v", kind, body, err)
	}
	for n := range whole {
		if _, _, err := ReadMessage(bytes.NewReader(whole[:n])); err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, _, err := ReadMessage(bytes.NewReader([]byte{255, 255, 255, 255, 1})); err == nil {
		t.Error("a message of 4 GiB was awaited")
	}
}

func TestLastWords(t *testing.T) {
	for text, want := range map[string]error{
		"137 1893553445000000006 true\n": nil,
		"":                               ErrNoExit,
		"137 x true":                     ErrNoExit,
		"1 2":                            ErrNoExit,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "exit"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := LastWords(dir)
		if !errors.Is(err, want) || err == nil && (got.Code != 137 || !got.OOM || got.At.Year() != 2030) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	if _, err := LastWords(t.TempDir()); !errors.Is(err, ErrNoExit) {
		t.Errorf("no file: %v", err)
	}
}

// FuzzDecode holds that no message that comes over the socket makes the other side panic or take much memory.
func FuzzDecode(f *testing.F) {
	f.Add((&Run{Container: "c", Log: Log{Attrs: map[string]string{"k": "v"}}}).Encode())
	f.Add((&Exec{ID: "x"}).Encode())
	f.Add((&Hello{Version: 1}).Encode())
	f.Add(Proc{Warnings: []string{"w"}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := DecodeRun(b); err == nil {
			if again, err := DecodeRun(r.Encode()); err != nil || !cmp.Equal(r, again) {
				t.Errorf("%+v came back as %+v, %v", r, again, err)
			}
		}
		DecodeExec(b)
		DecodeAttach(b)
		DecodeHello(b)
		DecodeExit(b)
		DecodeProc(b)
		DecodeOf(b, 2)
		decodeFailure(b)
		ReadMessage(bytes.NewReader(b))
	})
}
