// Package ps shows processes in the columns of ps(1), for `top`: the image needs no ps, and neither does the host.
//
// A [Format] is read from the arguments of ps, in the manners of Unix (-ef), BSD (aux) and GNU (--sort), and renders what package proc has read.
// Of the arguments only those count that say what is shown and in which order; those that choose processes are passed over where ps
// would pass them over too, given the list of a container's processes, and refused where they would hide some of them.
//
// How its parts lie: arguments.go reads the arguments, layout.go the lists of columns that they stand for, columns.go has each column,
// values.go and times.go the values in them, tree.go the order and the branches of a forest.
package ps
