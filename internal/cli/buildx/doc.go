// Package buildx is tug-build: Docker's buildx as a library, spoken to as a part of tug. It builds on the daemon that tug's own
// commands mean, with tug's contexts and logins, has the daemon started if it does not run, and says of a build that failed what
// to try.
//
// main.go is the program, docker.go gives buildx the daemon and the configuration, commands.go fits buildx's commands into tug's
// tree, forward.go reaches a daemon behind ssh, and failure.go and advice.go show errors.
//
// Called docker-buildx the program is buildx as the docker command line and Docker's Compose call it, with Docker's configuration.
package buildx
