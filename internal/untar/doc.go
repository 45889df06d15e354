// Package untar puts the files of a layer's archive into a folder, as the OCI image specification says (layer.md, "Applying Changesets").
//
// An archive is hostile until shown otherwise. Every name in it is resolved by the kernel below the folder (openat2 with
// RESOLVE_IN_ROOT) and what is made is made relative to an open folder, exclusively: no symbolic link, be it the archive's own, leads out. No
// mount and no change of root is needed for that.
//
// Deletion markers become overlay's own: a device 0:0 for a file that is gone, an attribute for a folder whose lower content is.
//
// extract.go goes through the archive; entry.go makes one entry; whiteout.go deletes; folders.go finds and keeps open the folders
// in which entries are made; attributes.go gives owners, modes, times and extended attributes;
// inherit.go gives folders that the archive does not describe those that they have in lower layers.
package untar
