package config

import (
	"fmt"
	"maps"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/docker/cli/cli/config/types"
)

// hubKey is the key under which logins of Docker Hub have always been kept.
const hubKey = "https://index.docker.io/v1/"

// Credentials finds the login for a registry's domain ("docker.io", "registry.example.com:5000") in
// tug's file or credential helper, then in Docker's. No login is a zero value, not an error.
func (c *Config) Credentials(domain string) (types.AuthConfig, error) {
	for _, file := range []*configfile.ConfigFile{c.own, c.docker} {
		auth, err := file.GetAuthConfig(domain)
		if err != nil {
			return types.AuthConfig{}, explainHelper(file, domain, err)
		}
		if auth.Username != "" || auth.Password != "" || auth.IdentityToken != "" || auth.RegistryToken != "" {
			return auth, nil
		}
	}
	return types.AuthConfig{}, nil
}

// AllCredentials lists every login of both files by registry; tug's win.
func (c *Config) AllCredentials() (map[string]types.AuthConfig, error) {
	all := make(map[string]types.AuthConfig)
	for _, file := range []*configfile.ConfigFile{c.docker, c.own} {
		logins, err := file.GetAllCredentials()
		if err != nil {
			return nil, fmt.Errorf("the credential helpers that %s names: %w", file.Filename, err)
		}
		maps.Copy(all, logins)
	}
	return all, nil
}

// StoreCredentials keeps a login, under its server's address, where the logins of that registry are to be kept.
func (c *Config) StoreCredentials(auth types.AuthConfig) error {
	file := c.keeper(auth.ServerAddress)
	err := c.keepingOwnKeys(func() error { return c.store(auth.ServerAddress).Store(auth) })
	return explainHelper(file, auth.ServerAddress, err)
}

// EraseCredentials forgets a login of tug's; remains says that Docker's file still has one.
func (c *Config) EraseCredentials(key string) (remains bool, err error) {
	file := c.keeper(key)
	if err := c.keepingOwnKeys(func() error { return c.store(key).Erase(key) }); err != nil {
		return false, explainHelper(file, key, err)
	}
	kept, _ := c.docker.GetCredentialsStore(key).Get(key) // a helper that fails is no place to log out from
	return kept.Username != "" || kept.IdentityToken != "", nil
}

// keeper is the file that decides where a registry's logins are kept: tug's, unless it names no helper and Docker's does. Then nothing is
// kept in the clear that Docker would keep safe.
func (c *Config) keeper(key string) *configfile.ConfigFile {
	if _, said := helper(c.own, key); said {
		return c.own
	}
	if name, _ := helper(c.docker, key); name != "" {
		return c.docker
	}
	return c.own
}

// store is where a registry's logins are kept. Whatever a helper does not keep is in tug's own file.
func (c *Config) store(key string) credentials.Store {
	if file := c.keeper(key); file != c.own {
		name, _ := helper(file, key)
		return credentials.NewNativeStore(c.own, name)
	}
	return c.own.GetCredentialsStore(key)
}

// helper is the name of the credential helper that a file has for a registry, "" if the file itself is to keep the logins; said is whether it
// tells at all.
func helper(file *configfile.ConfigFile, registry string) (name string, said bool) {
	if registry == "docker.io" || registry == "index.docker.io" {
		registry = hubKey
	}
	if name, said = file.CredentialHelpers[registry]; said {
		return name, true
	}
	return file.CredentialsStore, file.CredentialsStore != ""
}

// explainHelper says of a fault of a credential helper which one it is, why it was called, and what to do.
func explainHelper(file *configfile.ConfigFile, registry string, err error) error {
	name, _ := helper(file, registry)
	if err == nil || name == "" {
		return err
	}
	return fmt.Errorf("the login for %s is kept by docker-credential-%s, as %s has it: %w: see that this program is in PATH and works, or take it out of that file",
		registry, name, file.Filename, err)
}
