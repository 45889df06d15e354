package shim

import "time"

// Run starts the container's first process. With the message travel the descriptors of sockets to be held open as long
// as the container runs, which keep its published ports from others.
type Run struct {
	Container string
	Plan      []byte // encoded
	Process   Streams
	Log       Log
	OOMFile   string // counts processes killed for lack of memory
	Runtime   *Runtime
	// Forwards say of each socket to which address and port of the container ("10.0.0.2:80") connections to it are passed on; "":
	// it is held open, and nothing else. None at all: none is passed on.
	Forwards []string
	// Leashed tells that the container ends with the daemon that started it, unlike others.
	Leashed bool
}

// Runtime is a runtime of the host to which a container is handed over: the plan of Run then is one of plan.Handover. Nil
// stands for the built-in one.
type Runtime struct {
	Args []string // its program, by path, and the arguments that every call has
	Env  []string
	Dir  string // where the bundle lies
	// Domainname is the container's, which runtimes of the specification's versions before 1.1 do not set; "": the host's.
	Domainname string
}

// Streams says what standard streams a process gets.
type Streams struct {
	Terminal      bool
	Height, Width int  // of the terminal; 0: not said
	Stdin         bool // a pipe that stays open; else the null device
	StdinOnce     bool // the pipe closes with the first client that gave input
}

// Log says where output is written. An empty Path: nowhere.
type Log struct {
	Path     string
	MaxSize  int64 // bytes
	MaxFiles int
	Compress bool
	Attrs    map[string]string
}

// Exec starts one more process, known by its ID.
type Exec struct {
	ID      string
	Plan    []byte
	Process Streams
	// JSON is the process's specification, in place of a plan, in a container that was handed to a runtime of the host.
	JSON []byte
	Note []byte // kept for who asks later what this is; its meaning is the daemon's
}

// Attach asks for the streams of a process; the container's first process has the ID "". It may come before the process
// is started, and then misses nothing of its output.
type Attach struct {
	ID                    string
	Stdin, Stdout, Stderr bool
}

// Hello is what a shim tells of itself.
type Hello struct {
	Version   int
	Container string // "" while it waits for one
	Pid       int    // 0: not running
	Started   time.Time
	UserNS    int // descriptors in the shim, for the daemon to open under /proc
	NetNS     int
	Exited    bool
	Exit      Exit
	Execs     []ExecState // those started and not waited for yet, which have a note
}

// ExecState is what a shim tells of a process that Exec has started.
type ExecState struct {
	ID     string
	Note   []byte
	Pid    int
	Exited bool // how, Wait tells
}

// Exit is how a process ended.
type Exit struct {
	Code int // 128 + n if signal n killed it
	At   time.Time
	OOM  bool
}

// Proc is a process that was started.
type Proc struct {
	Pid      int
	Started  time.Time
	Warnings []string
}

// Failure is an error that a shim reports: a step of a plan, with the system's error number.
type Failure struct {
	Note  string
	Errno int
	// Log is what a runtime of the host wrote of its failure: lines of JSON, and what else it said.
	Log []byte
}
