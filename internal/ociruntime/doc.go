// Package ociruntime owns what is known of other OCI runtimes of the host (runc, crun, runsc), to which a container can be
// handed over in place of tug's own: which there are, what of a container's specification they are given, and what their
// words mean. It calls none: that is the shim's to do (package shim/server), by a plan (plan.Handover).
package ociruntime
