// Package connection is how the command line reaches its daemon: which address is meant, how a
// connection to it is made, which API version is spoken on it, and what happens when nobody
// answers.
//
// It makes no request of its own before the first one a command asks for: no ping, no version
// negotiation. tugd speaks the version of the client library, so that version is used at once; a
// daemon that is older says so in its answer to the first request, which is then sent again in the
// older version (see versionFallback).
package connection
