package config

import (
	"maps"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
)

// Joined gives what both files say as one of Docker's form, for code that knows only that: tug's file, and Docker's where tug's
// says nothing. It has tug's file's name. It is to be read, not saved: that would copy Docker's credentials.
func (c *Config) Joined() *configfile.ConfigFile {
	joined := *c.own
	joined.AuthConfigs = make(map[string]types.AuthConfig)
	joined.CredentialHelpers = make(map[string]string)
	for _, file := range []*configfile.ConfigFile{c.docker, c.own} {
		maps.Copy(joined.AuthConfigs, file.AuthConfigs)
		for registry, login := range file.AuthConfigs {
			if file == c.own && file.CredentialsStore == "" && login == (types.AuthConfig{ServerAddress: login.ServerAddress}) {
				continue // it is where Docker's file says: see keeper
			}
			joined.CredentialHelpers[registry] = file.CredentialsStore // "" is the file itself
		}
		maps.Copy(joined.CredentialHelpers, file.CredentialHelpers)
	}
	joined.CredentialsStore = first(c.own.CredentialsStore, c.docker.CredentialsStore)
	joined.HTTPHeaders = c.Headers()
	if len(joined.Proxies) == 0 {
		joined.Proxies = c.docker.Proxies
	}
	return &joined
}
