// Package archive packs trees of files into tar archives and unpacks archives into trees, where somebody hostile may be
// changing the tree at the same time, as a container does.
//
// A tree is known by a descriptor of its root, and the kernel itself keeps every lookup inside (openat2(2)): what a symbolic
// link leads to is found below the root, and a walk goes down by names that are no links. What was looked up is held by a
// descriptor until it is used. No path of the host is ever made of what is in a tree or in an archive, and no program is run.
//
// How the files lie: tree.go opens; stat.go and follow.go look; pack.go makes archives, with header.go and attributes.go turning what a
// file is into what an archive says of it; unpack.go, place.go and make.go are the other way; remove.go clears what is in the way; copy.go goes
// both ways at once, from one tree to another; notes.go and until.go bound what an archive can make its reader remember and write.
package archive
