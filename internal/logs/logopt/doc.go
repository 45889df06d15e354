// Package logopt reads the log driver and log options that a user gives (--log-driver, --log-opt) and says in package logs' terms what
// they mean, with the names, the rules and the error messages of Docker's json-file and local drivers.
//
//	options.go  which options there are, and what they mean
//	attrs.go    what is written with each entry: labels, env, tag
package logopt
