// Package engine holds the use cases that cross domains: "run" needs an image, a network, a volume and a container. It
// is the only place where domains meet, and it knows no HTTP: faces (package api, later others) call it.
//
// A use case is a file with one method that reads from top to bottom. How its parts lie: engine.go opens and closes it
// all; create.go, start.go, stop.go, remove.go and their sisters are the life of a container; ended.go and adopt.go what
// happens to one without being asked; launch.go and its helpers (input.go, files.go, slots.go) prepare a run.
package engine
