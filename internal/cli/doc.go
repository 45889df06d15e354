// Package cli is the command line: the tree of commands, what their help looks like, how their errors are
// shown, and with which exit code the program ends.
//
// The commands themselves lie in packages of their own by subject (container, image, volume, network,
// registry, system), one file for each. They get a session.Session, which has the streams, the
// configuration and the connection to the daemon. Nothing below this package is known to the rest of tug,
// and nothing here knows the engine: it is a client of the HTTP API and nothing else.
//
// To start fast, only the command that was asked for is built (see tree.go), and neither configuration nor
// connection is touched before a command asks for it.
package cli
