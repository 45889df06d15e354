package api

import (
	"context"
	"net/http"
)

// buildControl hands the connection over to BuildKit's control API.
func buildControl(c *call) error {
	conn, err := c.upgradeH2C()
	if err != nil {
		return err
	}
	if err := c.engine.BuildControl(context.WithoutCancel(c.ctx()), conn); err != nil {
		c.log.Warn("build", "error", err)
		conn.Close()
	}
	return nil
}

// buildSession serves a client's session on the connection: through it the daemon gets at the client's files.
func buildSession(c *call) error {
	header := c.r.Header.Clone()
	conn, err := c.upgradeH2C()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := c.engine.BuildSession(context.WithoutCancel(c.ctx()), conn, header); err != nil {
		c.log.Warn("build session", "error", err)
	}
	return nil
}

// upgradeH2C takes the connection over for HTTP/2, as the client has asked, once there is a builder to speak with: after it no error can be sent
// any more. Errors: InvalidArgument, Unavailable.
func (c *call) upgradeH2C() (*conversation, error) {
	switch proto := c.r.Header.Get("Upgrade"); proto {
	case "h2c":
	case "":
		return nil, invalid("no upgrade proto in request")
	default:
		return nil, invalid("protocol %s not supported", proto)
	}
	if err := c.engine.OpenBuilder(c.ctx()); err != nil {
		return nil, err
	}
	if err := c.dropBody(); err != nil {
		return nil, err
	}
	return c.takeOver(http.StatusSwitchingProtocols, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
}
