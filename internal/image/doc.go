// Package image is the domain of images: what one is (Image, Config), how it is named and found, how it comes (Pull, Load,
// Import), goes (Remove) and leaves the host (Save), and which folders its files lie in (Rootfs).
//
// An image is known by its ID, the digest of its configuration blob. It exists as long as a record of the name of its ID
// exists in the store; its tags and repository digests are further records, so that taking away the last tag leaves a
// nameless image, as with Docker. All of it is held in memory as well, in an index that is replaced as a whole when something changes:
// Get, List and Rootfs of a known image read that, take no lock and touch no disk.
//
// A name points at an image, or at an index of several platforms (Platforms), of which any may be here: each is an image with an ID of its own. The name means
// this host's where no platform is asked for, or else the first that is here. What was attested of an image is kept as long as its manifest.
//
// Everything that comes from outside (registries, archives) is bounded in size, verified by digest, and never read as
// settings: labels and annotations are data.
//
// How the files lie: images.go opens; index.go is the memory, record.go what changes it; platforms.go and choosing in get.go what has several platforms; reference.go the names; manifest.go and
// config.go the formats; assemble.go turns blobs into an unpacked image; the rest is a use case a file.
package image
