// Package treecopy copies files and folders between trees of one host, as they are: content, owner, mode, times, extended attributes, and
// which files are one by several names.
//
// It is made for many small files. Names are looked up in open folders and never from the root, a file that is read is not asked about
// twice, what is new in a new folder is not looked for, and files are copied by as many threads as there are processors. Nobody else
// may change either tree meanwhile.
package treecopy
