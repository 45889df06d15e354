// Package cgroup makes, limits, watches and removes the control groups of containers, on both versions of the kernel's interface.
//
// A [Host] is what this machine has, found out once. On version 1 each controller (or a few together) has a hierarchy of its own, and
// a [Group] is a directory of the same path in every one; on version 2 it is one directory. A group lies below a parent, which is a path from the
// root of the hierarchies ("/tug") or a systemd slice ("machine.slice"). Several daemons on one host have different
// parents and never touch each other's.
//
// How its parts lie: host.go and features.go find out what there is; parent.go makes a parent ready, systemd.go where systemd owns it;
// group.go makes and removes. A limit goes through three steps: adjust.go drops, with a warning, what Docker would drop; limits_v1.go and
// limits_v2.go translate the rest into a list of files and values, without touching anything; apply.go writes the list, and
// devices.go the rules for devices. freeze.go, kill.go and processes.go act on what runs in a group; stats*.go read.
//
// The package never moves a process into a container's group: a process moves itself, by [Group.JoinFiles] or by being cloned into [Group.Dir].
// Nor does it change the owner of anything: in its own namespace a container sees its groups read-only.
package cgroup
