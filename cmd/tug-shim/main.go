// Command tug-shim is the parent of one container's processes. tugd starts it; people never do.
//
// Under the name docker-init it is the first process inside a container that was started with --init: it passes
// signals on to the container's program and reaps what that leaves behind.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"

	"tug/internal/shim/initd"
	"tug/internal/shim/server"
)

func main() {
	runtime.MemProfileRate = 0 // a profile nobody takes has tables of its own
	if filepath.Base(os.Args[0]) == "docker-init" {
		os.Exit(initd.Main(os.Args[1:]))
	}
	// It was executed through a descriptor, whose number would be its name in ps(1). A name is for people: no matter if it fails.
	_ = os.WriteFile("/proc/self/comm", []byte("tug-shim"), 0)
	// No garbage is collected before the container runs; then, for as long as it does, memory counts and speed does not.
	debug.SetGCPercent(-1)
	// Caught and dropped; were they ignored, the container's processes would inherit that.
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGTERM)
	o, err := options(os.Args[1:])
	if err == nil {
		err = server.Serve(o)
	}
	fmt.Fprintln(os.Stderr, "tug-shim:", err)
	os.Exit(1)
}

// options reads "DIR ID-BASE NETWORK LEASH": a folder, the first id of the user namespace to make (0: none), whether to
// make a network namespace (0 or 1, or the path of the user namespace that it is to belong to), and the descriptor of the
// leash.
func options(args []string) (server.Options, error) {
	if len(args) != 4 {
		return server.Options{}, fmt.Errorf("this program is started by tugd, not by hand")
	}
	base, err := strconv.ParseUint(args[1], 10, 32)
	if err != nil {
		return server.Options{}, fmt.Errorf("id base: %w", err)
	}
	leash, err := strconv.Atoi(args[3])
	if err != nil {
		return server.Options{}, fmt.Errorf("leash: %w", err)
	}
	unix.CloseOnExec(leash)
	o := server.Options{Dir: args[0], IDBase: uint32(base), Network: args[2] != "0", Leash: os.NewFile(uintptr(leash), "leash")}
	if filepath.IsAbs(args[2]) {
		o.Owner = args[2]
	}
	return o, nil
}
