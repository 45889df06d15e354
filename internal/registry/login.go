package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	remoteauth "github.com/containerd/containerd/v2/core/remotes/docker/auth"
	remoteerrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/containerd/errdefs"
)

// clientID is how the daemon calls itself where a token server asks which program wants a token.
const clientID = "tug"

// Login asks a registry whether it accepts the credentials. Where it gives an identity token for them, which is kept in place of the password, that is
// returned. server is "docker.io", "host:port" or an address; "" is Docker Hub. What the registry does not accept is Unauthenticated.
func (c Config) Login(ctx context.Context, server string, a Auth) (identityToken string, err error) {
	domain := serverDomain(server)
	client := &Client{}
	defer client.Close()
	if err := c.blocked(domain); err != nil {
		return "", err
	}
	list, err := c.endpoints(domain, a)
	if err != nil {
		return "", err
	}
	e := list[len(list)-1] // the registry itself, to which the credentials go that a pull shows, and not to another
	if !e.is(registryOf(domain)) {
		return "", fmt.Errorf("login attempt to %s failed: its hosts.toml has %s in its place, which gets no credentials for %[1]s: %[3]w", domain, e.host, errdefs.ErrFailedPrecondition)
	}
	way, err := c.registryHost(client, e, true)
	if err != nil {
		return "", err
	}
	l := login{config: c, way: way.Client, realms: c.realms(client, e, way.Client, true), auth: a}
	token, err := l.run(ctx, e.scheme+"://"+e.host+e.path+"/")
	var transport *url.Error
	if errors.As(err, &transport) {
		err = explainTransport(transport)
	}
	if err != nil {
		return "", fmt.Errorf("login attempt to %s failed: %w", e.host, err)
	}
	return token, nil
}

// serverDomain is the registry that a login is for, as names call it. Docker Hub has always been called by its index's address.
func serverDomain(server string) string {
	server = strings.TrimPrefix(strings.TrimPrefix(server, "https://"), "http://")
	host, _, _ := strings.Cut(server, "/")
	if host == "" {
		return hubDomain
	}
	return hubAlias(host)
}

// login is one attempt.
type login struct {
	config      Config
	way, realms *http.Client
	auth        Auth
}

// run asks the registry's base address how it wants to be spoken to, and then does so.
func (l *login) run(ctx context.Context, base string) (identityToken string, err error) {
	header, status, err := l.ping(ctx, base, nil)
	if err != nil {
		return "", err
	}
	if status != http.StatusUnauthorized {
		return "", nil // it lets everyone in
	}
	for _, challenge := range remoteauth.ParseAuthHeader(header) {
		switch challenge.Scheme {
		case remoteauth.BasicAuth:
			return "", l.enter(ctx, base, func(r *http.Request) { r.SetBasicAuth(l.auth.Username, l.auth.Password) })
		case remoteauth.BearerAuth:
			token, identity, err := l.token(ctx, base, challenge)
			if err != nil {
				return "", err
			}
			return identity, l.enter(ctx, base, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
		}
	}
	return "", fmt.Errorf("it asks for a way of authentication that is not known: %.200q: %w", header.Get("WWW-Authenticate"), errdefs.ErrNotImplemented)
}

// enter asks the base address with credentials.
func (l *login) enter(ctx context.Context, base string, show func(*http.Request)) error {
	_, status, err := l.ping(ctx, base, show)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("it answers %d %s to them: %w", status, http.StatusText(status), errdefs.ErrUnauthenticated)
	}
	return err
}

func (l *login) ping(ctx context.Context, base string, show func(*http.Request)) (http.Header, int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base, nil)
	if err != nil {
		return nil, 0, err
	}
	if l.config.UserAgent != "" {
		r.Header.Set("User-Agent", l.config.UserAgent)
	}
	if show != nil {
		show(r)
	}
	resp, err := l.way.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, 0, err
	case resp.StatusCode == http.StatusUnauthorized && show != nil:
		return nil, 0, refused(message(said))
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnauthorized:
		return nil, 0, fmt.Errorf("it is no registry, it answers %s: %s: %w", resp.Status, message(said), errdefs.ErrUnavailable)
	}
	return resp.Header, resp.StatusCode, nil
}

// token asks the token server that the registry names.
func (l *login) token(ctx context.Context, base string, c remoteauth.Challenge) (token, identity string, err error) {
	o, err := remoteauth.GenerateTokenOptions(ctx, base, l.auth.Username, l.auth.Password, c)
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", err, errdefs.ErrUnavailable)
	}
	header := http.Header{}
	if l.config.UserAgent != "" {
		header.Set("User-Agent", l.config.UserAgent)
	}
	if l.auth.IdentityToken != "" {
		o.Username, o.Secret = "", l.auth.IdentityToken
		got, err := remoteauth.FetchTokenWithOAuth(ctx, l.realms, header, clientID, o)
		if err != nil {
			return "", "", refusedBy(err)
		}
		return got.AccessToken, got.RefreshToken, nil
	}
	o.FetchRefreshToken = true
	got, err := remoteauth.FetchToken(ctx, l.realms, header, o)
	if err != nil {
		return "", "", refusedBy(err)
	}
	return got.Token, got.RefreshToken, nil
}

// refusedBy tells a token server's refusal from its other faults.
func refusedBy(err error) error {
	var status remoteerrors.ErrUnexpectedStatus
	if errors.As(err, &status) {
		if status.StatusCode == http.StatusUnauthorized || status.StatusCode == http.StatusForbidden {
			return refused(message(status.Body))
		}
		return fmt.Errorf("its token server answers %s: %w", status.Status, errdefs.ErrUnavailable)
	}
	return err
}

func refused(said string) error {
	said = strings.TrimPrefix(said, "unauthorized: ") // its own code for this
	return fmt.Errorf("unauthorized: %s: %w", cmp.Or(said, "incorrect username or password"), errdefs.ErrUnauthenticated)
}
