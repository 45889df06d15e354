package shim

import "time"

func (e *encoder) streams(s Streams) {
	e.bool(s.Terminal)
	e.int(int64(s.Height))
	e.int(int64(s.Width))
	e.bool(s.Stdin)
	e.bool(s.StdinOnce)
}

func (d *decoder) streams() Streams {
	return Streams{Terminal: d.bool(), Height: int(d.int()), Width: int(d.int()), Stdin: d.bool(), StdinOnce: d.bool()}
}

// Encode gives the fields of the message.
func (r *Run) Encode() []byte {
	var e encoder
	e.string(r.Container)
	e.bytes(r.Plan)
	e.streams(r.Process)
	e.string(r.Log.Path)
	e.int(r.Log.MaxSize)
	e.int(int64(r.Log.MaxFiles))
	e.bool(r.Log.Compress)
	e.int(int64(len(r.Log.Attrs)))
	for k, v := range r.Log.Attrs {
		e.string(k)
		e.string(v)
	}
	e.string(r.OOMFile)
	e.runtime(r.Runtime)
	e.list(r.Forwards)
	e.bool(r.Leashed)
	return e.b
}

func (e *encoder) runtime(r *Runtime) {
	e.bool(r != nil)
	if r != nil {
		e.list(r.Args)
		e.list(r.Env)
		e.string(r.Dir)
		e.string(r.Domainname)
	}
}

func (d *decoder) runtime() *Runtime {
	if !d.bool() {
		return nil
	}
	return &Runtime{Args: d.list(), Env: d.list(), Dir: d.string(), Domainname: d.string()}
}

func (e *encoder) list(l []string) {
	e.int(int64(len(l)))
	for _, s := range l {
		e.string(s)
	}
}

func (d *decoder) list() (l []string) {
	for range d.count() {
		l = append(l, d.string())
	}
	return l
}

// DecodeRun reads the fields of a Run.
func DecodeRun(b []byte) (*Run, error) {
	d := decoder{b: b}
	r := &Run{Container: d.string(), Plan: d.bytes(), Process: d.streams()}
	r.Log = Log{Path: d.string(), MaxSize: d.int(), MaxFiles: int(d.int()), Compress: d.bool()}
	for range d.count() {
		if r.Log.Attrs == nil {
			r.Log.Attrs = map[string]string{}
		}
		k := d.string()
		r.Log.Attrs[k] = d.string()
	}
	r.OOMFile, r.Runtime, r.Forwards, r.Leashed = d.string(), d.runtime(), d.list(), d.bool()
	return r, d.err
}

// count reads a number of fields that follow, each of at least one byte.
func (d *decoder) count() int {
	n := d.int()
	if n < 0 || n > int64(len(d.b)) {
		d.b, d.err = nil, errTorn
		return 0
	}
	return int(n)
}

// Encode gives the fields of the message.
func (x *Exec) Encode() []byte {
	var e encoder
	e.string(x.ID)
	e.bytes(x.Plan)
	e.streams(x.Process)
	e.bytes(x.JSON)
	e.bytes(x.Note)
	return e.b
}

// DecodeExec reads the fields of an Exec.
func DecodeExec(b []byte) (*Exec, error) {
	d := decoder{b: b}
	return &Exec{ID: d.string(), Plan: d.bytes(), Process: d.streams(), JSON: d.bytes(), Note: d.bytes()}, d.err
}

// Encode gives the fields of the message.
func (a *Attach) Encode() []byte {
	var e encoder
	e.string(a.ID)
	e.bool(a.Stdin)
	e.bool(a.Stdout)
	e.bool(a.Stderr)
	return e.b
}

// DecodeAttach reads the fields of an Attach.
func DecodeAttach(b []byte) (Attach, error) {
	d := decoder{b: b}
	return Attach{ID: d.string(), Stdin: d.bool(), Stdout: d.bool(), Stderr: d.bool()}, d.err
}

func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.int(0)
		return
	}
	e.int(t.UnixNano())
}

func (d *decoder) time() time.Time {
	if n := d.int(); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

func (e *encoder) exit(x Exit) {
	e.int(int64(x.Code))
	e.time(x.At)
	e.bool(x.OOM)
}

func (d *decoder) exit() Exit { return Exit{Code: int(d.int()), At: d.time(), OOM: d.bool()} }

// Encode gives the fields of the answer.
func (h *Hello) Encode() []byte {
	var e encoder
	e.int(int64(h.Version))
	e.string(h.Container)
	e.int(int64(h.Pid))
	e.time(h.Started)
	e.int(int64(h.UserNS))
	e.int(int64(h.NetNS))
	e.bool(h.Exited)
	e.exit(h.Exit)
	if h.Version < 2 {
		return e.b
	}
	e.int(int64(len(h.Execs)))
	for _, x := range h.Execs {
		e.string(x.ID)
		e.bytes(x.Note)
		e.int(int64(x.Pid))
		e.bool(x.Exited)
	}
	return e.b
}

// DecodeHello reads the fields of a Hello. A shim of version 1 says nothing of its execs.
func DecodeHello(b []byte) (Hello, error) {
	d := decoder{b: b}
	h := Hello{Version: int(d.int()), Container: d.string(), Pid: int(d.int()), Started: d.time(), UserNS: int(d.int()), NetNS: int(d.int()), Exited: d.bool(), Exit: d.exit()}
	if h.Version < 2 {
		return h, d.err
	}
	for range d.count() {
		h.Execs = append(h.Execs, ExecState{ID: d.string(), Note: d.bytes(), Pid: int(d.int()), Exited: d.bool()})
	}
	return h, d.err
}

// Encode gives the fields of the answer.
func (x Exit) Encode() []byte {
	var e encoder
	e.exit(x)
	return e.b
}

// DecodeExit reads the fields of an Exit.
func DecodeExit(b []byte) (Exit, error) {
	d := decoder{b: b}
	return d.exit(), d.err
}

// Encode gives the fields of the answer.
func (p Proc) Encode() []byte {
	var e encoder
	e.int(int64(p.Pid))
	e.time(p.Started)
	e.list(p.Warnings)
	return e.b
}

// DecodeProc reads the fields of a Proc.
func DecodeProc(b []byte) (Proc, error) {
	d := decoder{b: b}
	return Proc{Pid: int(d.int()), Started: d.time(), Warnings: d.list()}, d.err
}

// EncodeFailure gives the fields of a failed answer.
func EncodeFailure(f *Failure) []byte {
	var e encoder
	e.string(f.Note)
	e.int(int64(f.Errno))
	e.bytes(f.Log)
	return e.b
}

func decodeFailure(b []byte) error {
	d := decoder{b: b}
	f := &Failure{Note: d.string(), Errno: int(d.int())}
	if d.err != nil {
		return d.err
	}
	if len(d.b) > 0 { // shims of earlier daemons tell no more
		f.Log = d.bytes()
	}
	return f
}

// EncodeOf gives the fields of a request that concerns a process: its ID and numbers (a signal; height and width).
func EncodeOf(id string, numbers ...int) []byte {
	var e encoder
	e.string(id)
	for _, n := range numbers {
		e.int(int64(n))
	}
	return e.b
}

// DecodeOf reads the fields of a request that concerns a process; n numbers follow the ID.
func DecodeOf(b []byte, n int) (id string, numbers []int, err error) {
	d := decoder{b: b}
	id = d.string()
	for range n {
		numbers = append(numbers, int(d.int()))
	}
	return id, numbers, d.err
}
