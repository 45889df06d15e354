// Package ipam hands out addresses: subnets out of the daemon's pools (NextSubnet), and addresses out of a subnet (Space).
//
// It is arithmetic only. What is in use already, by the host's routes or by earlier containers, is told to it by the caller.
package ipam
