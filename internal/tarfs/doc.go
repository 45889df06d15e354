// Package tarfs shows the files of a tar archive as BuildKit's file sync walks them, without unpacking it.
//
// An archive is hostile until shown otherwise. Nothing in it is ever made under its name on the host: names are entries of a tree in
// memory, what the files hold lies one after another in a single file without a name, and who walks the tree gets what it says. A symbolic link is
// data here; a name that leads out of the archive, or through anything but a folder, is refused, and so are devices.
//
// read.go reads an archive; tree.go has its files by their names; walk.go shows them.
package tarfs
