package engine

import (
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// shownProxies are the proxies that this process uses, as everyone may see them.
func shownProxies() (http, https, none string) {
	set := httpproxy.FromEnvironment()
	return withoutCredentials(set.HTTPProxy), withoutCredentials(set.HTTPSProxy), set.NoProxy
}

// withoutCredentials hides, as Docker does, the name and the password in a proxy's address, which may lack its scheme.
func withoutCredentials(proxy string) string {
	address, found := proxy, strings.Contains(proxy, "://")
	if !found {
		address = "http://" + proxy
	}
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)" // and whatever it is may have a password in it
	}
	if u.User == nil {
		return proxy
	}
	u.User = url.UserPassword("xxxxx", "xxxxx")
	if !found {
		return strings.TrimPrefix(u.String(), "http://")
	}
	return u.String()
}
