// Package container is the domain of containers: what one is configured to be (Config, HostConfig), what is recorded of
// it (Record, State), and the rules by which names are given and states follow one another (Store).
//
// It starts nothing: package engine brings a container to life and tells this package what became of it.
package container
