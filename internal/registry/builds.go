package registry

import "github.com/containerd/containerd/v2/core/remotes/docker"

// Hosts tells who else speaks to registries which hosts to ask for a domain, in what order and how, as Client does. The credentials are
// theirs to add.
func (c Config) Hosts() docker.RegistryHosts {
	return func(domain string) ([]docker.RegistryHost, error) {
		return c.hosts(&Client{agent: c.UserAgent, wait: c.waiting()}, domain, Auth{})
	}
}
