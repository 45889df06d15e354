// Command tug-build is the builder's client, to which tug hands over build, buildx and bake. A link of the name docker-buildx makes it
// the plugin that the docker command line and Compose call.
package main

import (
	"os"

	"tug/internal/cli/buildx"
	"tug/internal/cli/session"
)

// Set by the linker, as tug's.
var (
	version = "0.1.0"
	commit  = "unknown"
	built   = ""
)

func main() {
	os.Exit(buildx.Main(os.Args, os.Stdin, os.Stdout, os.Stderr, os.Getenv,
		session.Version{Number: version, Commit: commit, Built: built}))
}
