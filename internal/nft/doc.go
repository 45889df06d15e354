// Package nft owns the daemon's one nftables table: address translation, published ports and the walls between networks.
//
// Ruleset says what is wanted (bridges and published ports), Render turns it into chains and maps without touching the kernel, and
// Table keeps the kernel's copy in step. A published port is one element of a map keyed by protocol, address and port, so that
// neither another port nor a packet costs more when there are many; a bridge is a few rules behind a verdict map keyed by
// interface name. Rules are only ever replaced in one transaction: no packet sees half of them.
//
// What holds, whatever else the host's firewall says: nothing reaches a container from outside its bridge unless it is an
// answer, or came through a published port; a port published on 127.0.0.1 is reachable from this host alone; a
// container reaches nothing that listens on the host's loopback. The table touches no packet that neither comes from nor goes to one of its
// bridges. A drop in another table still drops: the host's firewall has the last word.
package nft
