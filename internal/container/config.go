package container

import "time"

// Config is the part of a container's configuration that does not depend on the host: what the image says, overlaid with
// what its creator said. Its JSON is the record's; the names are those of the image specification.
type Config struct {
	Hostname        string              `json:",omitempty"`
	Domainname      string              `json:",omitempty"`
	User            string              `json:",omitempty"` // name or id, with an optional ":group"
	AttachStdin     bool                `json:",omitempty"`
	AttachStdout    bool                `json:",omitempty"`
	AttachStderr    bool                `json:",omitempty"`
	ExposedPorts    map[string]struct{} `json:",omitempty"` // "80/tcp"
	Tty             bool                `json:",omitempty"`
	OpenStdin       bool                `json:",omitempty"`
	StdinOnce       bool                `json:",omitempty"` // standard input closes with the first client that attached to it
	Env             []string            `json:",omitempty"`
	Cmd             []string            `json:",omitempty"`
	Entrypoint      []string            `json:",omitempty"`
	Healthcheck     *Healthcheck        `json:",omitempty"`
	ArgsEscaped     bool                `json:",omitempty"`
	Image           string              `json:",omitempty"` // as the creator wrote it
	Volumes         map[string]struct{} `json:",omitempty"` // paths that get an anonymous volume
	WorkingDir      string              `json:",omitempty"`
	NetworkDisabled bool                `json:",omitempty"`
	OnBuild         []string            `json:",omitempty"`
	Labels          map[string]string   `json:",omitempty"`
	StopSignal      string              `json:",omitempty"`
	StopTimeout     *int                `json:",omitempty"` // seconds; nil: the default of 10
	Shell           []string            `json:",omitempty"`
}

// Healthcheck is how a container's health is tested. Test is empty (inherit), ["NONE"], ["CMD", args...] or
// ["CMD-SHELL", command]. Durations of zero mean the default.
type Healthcheck struct {
	Test          []string      `json:",omitempty"`
	Interval      time.Duration `json:",omitempty"`
	Timeout       time.Duration `json:",omitempty"`
	StartPeriod   time.Duration `json:",omitempty"`
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}
