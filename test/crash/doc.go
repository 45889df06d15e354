// Package crash kills: the daemon, shims and containers, at any time, and looks whether anything was lost or is left behind.
//
// Each test has a private daemon (own folders, socket, bridge, firewall table, cgroup parent) with real containers. What
// was acknowledged must be there after every kill; at the end the host must look as before: no process, mount,
// interface, packet rule, cgroup or file may be left.
//
// Beside that it loads: hundreds of containers at once, of runs, and of clients that never read, after which the daemon may
// take no more of the host than before.
//
// The tests need root, the docker command line, and a registry with the base images at TUG_TEST_REGISTRY.
package crash
