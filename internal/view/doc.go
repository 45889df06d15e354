// Package view shows the daemon a container's file system, as a tree that package archive reads and writes: that of a running
// one through its own mounts (Process), with volumes and tmpfs as it sees them; that of one that does not run from its
// layers (Stopped, Layers), mounted for the time of one call in a mount namespace of one thread. Nothing of that is seen by anybody else, and it
// is gone with the thread, also when the daemon is killed.
//
// Everything happens on a thread that is given up afterwards, for what is changed of it cannot be trusted to be changed back.
package view
