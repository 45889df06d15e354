// Command parity runs the same sessions of a terminal in three worlds and compares what is seen: docker's command line with
// Docker, docker's command line with tugd, and tug with tugd. test/parity/run sets the scene and starts it; `make parity`.
//
// A world (world.go) is a set of namespaces with one engine in it and nothing else: the same addresses, ports and paths
// are free in each. It goes through the rows (row.go, in rows/*.txt), runs their steps (step.go, terminal.go), and takes
// away what each has left (tidy.go). What was seen is made comparable (normal.go) and compared, as text line by line or as JSON
// value by value (compare.go, json.go). A difference is either in explained.txt with its reason (explain.go) or a fault; and
// so is an explanation that explains nothing any more.
package main
