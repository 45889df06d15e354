package plan

import "syscall"

// A Reg names a register: where a step leaves its result (a descriptor) for later steps.
type Reg uint8

// The registers that the shim fills before the first step; the others are given out by the compiler.
const (
	NoReg     Reg = iota
	Stdin         // the process's standard streams
	Stdout        //
	Stderr        //
	UserNS        // the container's user namespace
	NetNS         // the container's network namespace
	Target        // exec: a pidfd of the container's first process
	PtyMaster     // left by the plan of a process with a terminal: the master end
	PtySlave      //
	Devpts        // the container's devpts
	Root          // the container's root file system
	Status        // the pipe to the shim: a failed step, or the pid of the first process
	Mounts        // a container of another runtime: the mount namespace in which that runs
	BundleDir     // and the file system there that has the container's bundle
	firstFree
)

// Regs is how many registers there are.
const Regs = 256

// ArgKind tells what an argument of a step is.
type ArgKind uint8

// The kinds of arguments.
const (
	Value    ArgKind = iota // the number itself
	Pointer                 // the address of a place in the arena
	Register                // what a register holds
)

// An Arg is one argument of a system call.
type Arg struct {
	Kind ArgKind
	N    uint64 // the value, the offset in the arena, or the register
}

// PatchKind tells how a register's content is written into the arena.
type PatchKind uint8

// The kinds of patches.
const (
	Patch32  PatchKind = iota // four bytes, in the host's order
	Patch64                   // eight bytes
	PatchDec                  // decimal digits, after as many '/' as fill FDWidth: a component of a /proc/self/fd path
)

// FDWidth is the room that PatchDec has.
const FDWidth = 8

// A Patch writes a register's content into the arena before a step runs.
type Patch struct {
	Kind   PatchKind
	Reg    Reg
	Offset uint32
}

// A Reloc is a pointer inside the arena to another place in it.
type Reloc struct{ At, To uint32 }

// Stage tells who runs a step.
type Stage uint8

// The stages, in their order.
const (
	Shim  Stage = iota // a thread of the shim, on the host
	Entry              // the process forked by the shim
	First              // the process that becomes the container's, in its new namespaces
)

// A Step is one system call.
type Step struct {
	Stage   Stage
	Call    uintptr // the system call's number on this architecture
	Args    [6]Arg
	Out     Reg     // gets the result
	Patches []Patch // written before the call
	Allow   []syscall.Errno
	SkipOK  uint8  // how many of the next steps are left out if the call succeeds
	SkipErr uint8  // how many of the next steps are left out if it fails with an error in Allow
	Fork    bool   // the steps that follow are the child's; the parent tells the child's pid and exits
	Warning string // a failure in Allow is told to the person who started the container, in these words
	Note    string
}

// A Plan is what a process is started by. Its Arena holds all that arguments point to.
type Plan struct {
	Steps  []Step
	Arena  []byte
	Relocs []Reloc
	// Forks tells whether the process is a child of the entry (it is then given to the shim by CLONE_PARENT).
	Forks bool
}
