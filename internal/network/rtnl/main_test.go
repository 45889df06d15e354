package rtnl

import (
	"testing"

	"tug/internal/ownnet"
)

// TestMain gives the tests a network namespace of their own, which plays the host's.
func TestMain(m *testing.M) { ownnet.Main(m) }
