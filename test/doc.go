// Package test proves the whole engine: it starts real private daemons (own data root, socket, bridge, cgroup parent) and
// does with them what a person would do, through the real docker command line and through tug.
//
// What reads like a session at a terminal is a script in scripts/, run once with docker and once with tug under docker's
// name, each against a daemon of its own. What needs a terminal, big streams or a look at the host from beside the
// container is Go. When all tests have run, the machine is compared with what it was before: nothing may be left.
//
// The tests need root, the docker command line, and a registry with the base images at TUG_TEST_REGISTRY (make test sets it).
package test
