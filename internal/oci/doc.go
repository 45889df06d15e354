// Package oci makes an OCI runtime specification (runtime-spec v1.3) of a container's record: a pure function of what was
// asked for and of what was prepared for this run (Input). Any OCI runtime can take the result; tug's own compiles it
// into a plan (package plan).
package oci
