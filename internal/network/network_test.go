package network

import (
	"fmt"
	"testing"

	"gotest.tools/v3/assert"
)

func TestContainerOnTheDefaultBridge(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	assert.Equal(t, ep.IPv4.String(), "172.17.0.2/16")
	assert.Equal(t, ep.MAC.String(), "02:42:ac:11:00:02")
	assert.Equal(t, ep.IfName, "eth0")
	other, _ := w.container(NameBridge, "two")

	c.serve(t, ":80", "one")
	w.outside.serve(t, ":80", "outside")
	host := here(t)
	host.serve(t, ":80", "host")

	host.reaches(t, "tcp", "172.17.0.2:80", "one")
	other.reaches(t, "tcp", "172.17.0.2:80", "one")
	c.reaches(t, "tcp", "127.0.0.1:80", "one")
	c.reaches(t, "tcp", "172.17.0.1:80", "host")
	seen := c.reaches(t, "tcp", outsideAddress+":80", "outside")
	assert.Equal(t, seen, hostAddress, "outgoing connections carry the host's address")
}

func TestPublishedPorts(t *testing.T) {
	t.Run("bridged frames pass the rules", func(t *testing.T) {
		bridgedFramesPassRules(t, "1")
		testPublishedPorts(t)
	})
	t.Run("bridged frames do not", func(t *testing.T) {
		bridgedFramesPassRules(t, "0")
		testPublishedPorts(t)
	})
}

func testPublishedPorts(t *testing.T) {
	w := newWorld(t)
	c, ep := w.container(NameBridge, "one")
	other, _ := w.container(NameBridge, "two")
	c.serve(t, ":80", "one")
	c.serveUDP(t, ":53", "one")
	w.publish(ep, "8080:80", "127.0.0.1:8081:80", hostAddress+":8082:80", "5353:53/udp")
	host := here(t)

	t.Run("from this host", func(t *testing.T) {
		host.reaches(t, "tcp", "127.0.0.1:8080", "one")
		host.reaches(t, "tcp", hostAddress+":8080", "one")
		host.reaches(t, "tcp", "172.17.0.1:8080", "one")
		host.reaches(t, "tcp", "127.0.0.1:8081", "one")
		host.reaches(t, "tcp", hostAddress+":8082", "one")
		host.fails(t, "tcp", "127.0.0.1:8082")
		host.fails(t, "tcp", hostAddress+":8081")
		host.reaches(t, "udp", "127.0.0.1:5353", "one")
		host.reaches(t, "udp", hostAddress+":5353", "one")
	})
	t.Run("from outside", func(t *testing.T) {
		seen := w.outside.reaches(t, "tcp", hostAddress+":8080", "one")
		assert.Equal(t, seen, outsideAddress, "the container sees who connects")
		w.outside.reaches(t, "tcp", hostAddress+":8082", "one")
		w.outside.reaches(t, "udp", hostAddress+":5353", "one")
	})
	t.Run("from containers", func(t *testing.T) {
		other.reaches(t, "tcp", hostAddress+":8080", "one")
		other.reaches(t, "tcp", "172.17.0.1:8080", "one")
		other.reaches(t, "udp", hostAddress+":5353", "one")
		c.reaches(t, "tcp", hostAddress+":8080", "one") // itself
		c.reaches(t, "tcp", "172.17.0.1:8080", "one")
		c.reaches(t, "udp", hostAddress+":5353", "one")
		other.fails(t, "tcp", "172.17.0.1:8081")
	})
}

// A container may send or be asked as soon as Attach has returned. A packet lost then would cost a second: the time after which ARP and
// TCP try again.
func TestFirstPacketArrives(t *testing.T) {
	w := newWorld(t)
	host := here(t)
	host.serve(t, ":80", "host")
	_, _, err := w.outside.ask("tcp", hostAddress+":80", patience) // now the neighbours know each other
	assert.NilError(t, err)
	for i := range 20 {
		c, ep := w.container(NameBridge, "one")
		switch i % 3 {
		case 0:
			assert.Equal(t, c.retries(t, "172.17.0.1:80"), 0)
		case 1:
			c.serve(t, ":80", "one")
			assert.Equal(t, host.retries(t, ep.IPv4.Addr().String()+":80"), 0)
		case 2:
			c.serve(t, ":80", "one")
			w.publish(ep, fmt.Sprintf("%d:80", 8000+i))
			assert.Equal(t, w.outside.retries(t, fmt.Sprintf("%s:%d", hostAddress, 8000+i)), 0)
		}
	}
}
