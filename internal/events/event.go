package events

import "time"

// Event is something that happened. It must not be changed once it is published.
type Event struct {
	Type       string // what it happened to: Container, Image, ...
	Action     string // what happened: Start, Die, ...; some have a detail after ": "
	ActorID    string // ID, or name, of what it happened to
	Attributes map[string]string
	Time       time.Time // later than that of the event before
}

// Scope is where all events of this engine happen.
const Scope = "local"

// What events happen to.
const (
	Container = "container"
	Image     = "image"
	Builder   = "builder"
	Volume    = "volume"
	Network   = "network"
	Daemon    = "daemon"
)

// What happens, in Docker's words.
const (
	Create  = "create"
	Destroy = "destroy"
	Prune   = "prune"
	Reload  = "reload"

	// Of containers.
	ArchivePath  = "archive-path"
	Attach       = "attach"
	Commit       = "commit"
	Copy         = "copy"
	Detach       = "detach"
	Die          = "die"
	ExecCreate   = "exec_create" // ": " and the command
	ExecDetach   = "exec_detach"
	ExecDie      = "exec_die"
	ExecStart    = "exec_start" // ": " and the command
	Export       = "export"
	ExtractToDir = "extract-to-dir"
	HealthStatus = "health_status" // ": " and the status
	Kill         = "kill"
	OOM          = "oom"
	Pause        = "pause"
	Rename       = "rename"
	Resize       = "resize"
	Restart      = "restart"
	Start        = "start"
	Stop         = "stop"
	Top          = "top"
	Unpause      = "unpause"
	Update       = "update"

	// Of images.
	Delete = "delete"
	Import = "import"
	Load   = "load"
	Pull   = "pull"
	Push   = "push"
	Save   = "save"
	Tag    = "tag"
	Untag  = "untag"

	// Of networks.
	Connect    = "connect"
	Disconnect = "disconnect"

	// Of volumes.
	Mount   = "mount"
	Unmount = "unmount"
)

// size is about how many bytes of memory an event takes.
func (e *Event) size() int {
	const itself, pair = 150, 50
	n := itself + len(e.Action) + len(e.ActorID)
	for k, v := range e.Attributes {
		n += pair + len(k) + len(v)
	}
	return n
}
