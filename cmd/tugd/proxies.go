package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// proxies are the settings of which proxies lead to registries, and to what builds and imports fetch.
type proxies struct {
	HTTP  string `json:"http-proxy"`
	HTTPS string `json:"https-proxy"`
	None  string `json:"no-proxy"`
}

func (p *proxies) flags(f *flag.FlagSet) {
	f.StringVar(&p.HTTP, "http-proxy", "", "`URL` of the proxy for what is spoken to in plain HTTP (default: HTTP_PROXY)")
	f.StringVar(&p.HTTPS, "https-proxy", "", "`URL` of the proxy for what is spoken to over TLS (default: HTTPS_PROXY)")
	f.StringVar(&p.None, "no-proxy", "", "`HOSTS` that are reached without one, with commas between (default: NO_PROXY)")
}

// check refuses what Go's library would pass over in silence, and go without a proxy.
func (p *proxies) check() error {
	return errors.Join(checkProxy("--http-proxy", p.HTTP), checkProxy("--https-proxy", p.HTTPS))
}

func checkProxy(name, proxy string) error {
	if proxy == "" {
		return nil
	}
	if !strings.Contains(proxy, "://") {
		proxy = "http://" + proxy
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return fmt.Errorf("%s: it is not like http://[NAME:PASSWORD@]HOST:PORT; a scheme is http, https or socks5, and special characters in a password are written as %%40", name)
	}
	return nil
}

// export puts the settings where everything in this process, and each program that it starts, looks for proxies.
func (p *proxies) export() error {
	var errs []error
	for name, value := range map[string]string{"HTTP_PROXY": p.HTTP, "HTTPS_PROXY": p.HTTPS, "NO_PROXY": p.None} {
		if value != "" {
			errs = append(errs, os.Setenv(name, value), os.Setenv(strings.ToLower(name), value))
		}
	}
	return errors.Join(errs...)
}
