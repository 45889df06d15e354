// Command tug is the command line of the container engine: a client of the daemon's API.
package main

import (
	"os"

	"tug/internal/cli"
	"tug/internal/cli/session"
)

// Set by the linker: go build -ldflags "-X main.version=1.2.3 -X main.commit=abc -X main.built=2026-01-02T15:04:05Z".
var (
	version = "0.1.0"
	commit  = "unknown"
	built   = ""
)

func main() {
	os.Exit(cli.Main(os.Args, os.Stdin, os.Stdout, os.Stderr, os.Getenv,
		session.Version{Number: version, Commit: commit, Built: built}))
}
