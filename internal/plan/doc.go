// Package plan compiles an OCI runtime specification into a plan: the flat list of system calls, with their arguments
// ready in memory, by which a container's process is started.
//
// A plan has three parts, in the order in which they happen:
//
//   - the shim's steps, run by a thread of the shim on the host: what needs the host's rights or paths (layers, bind
//     sources, device nodes) is opened here, as descriptors and detached mounts;
//   - the entry's steps, run by a forked process with one thread: it joins cgroups and namespaces that exist already;
//   - the first process's steps, run by the process that the entry forks into the new namespaces: it puts the mounts in
//     place, drops what it may not keep, and calls execve(2).
//
// Compiling is a pure function of the specification and of what is known of the host (Env), so that a plan can be
// printed, compared and reviewed. Package plan/fork carries plans out; the shim is the only program that does.
//
// Nothing in a plan names a path under the container's control but through openat2(2) with RESOLVE_IN_ROOT.
package plan
