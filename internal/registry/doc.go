// Package registry knows how registries are reached: which hosts serve a repository (mirrors first), whether plain http is allowed
// there, with which credentials, within which limits, and what their errors mean to a person.
//
// The protocol itself is containerd's (core/remotes/docker). This package gives it its hosts, and guards what goes over the wire:
// credentials go to the registry that they are for and to no mirror, nothing goes in the clear that was meant to be
// encrypted, no answer that is not a blob may be large, and no transfer may hang for ever.
package registry
