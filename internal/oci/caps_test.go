package oci_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/oci"
	"tug/internal/plan"
)

// everyCap are the 41 capabilities that Linux has since 5.9.
var everyCap = plan.CapNames(1<<41 - 1)

// TestDefaultCapabilitiesBitByBit holds the default set against the numbers of linux/capability.h: Docker's fourteen.
func TestDefaultCapabilitiesBitByBit(t *testing.T) {
	given := map[int]string{
		0: "CAP_CHOWN", 1: "CAP_DAC_OVERRIDE", 3: "CAP_FOWNER", 4: "CAP_FSETID", 5: "CAP_KILL", 6: "CAP_SETGID", 7: "CAP_SETUID", 8: "CAP_SETPCAP",
		10: "CAP_NET_BIND_SERVICE", 13: "CAP_NET_RAW", 18: "CAP_SYS_CHROOT", 27: "CAP_MKNOD", 29: "CAP_AUDIT_WRITE", 31: "CAP_SETFCAP",
	}
	caps, err := oci.Capabilities(nil, nil, false, everyCap)
	if err != nil {
		t.Fatal(err)
	}
	set, err := plan.CapSet(caps)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 64 {
		name, want := given[bit]
		if got := set&(1<<bit) != 0; got != want {
			t.Errorf("capability %d (%s): given %t, want %t", bit, name, got, want)
		}
		if want && everyCap[bit] != name {
			t.Errorf("capability %d is called %s, want %s", bit, everyCap[bit], name)
		}
	}
}

func TestCapabilitiesAddedAndDropped(t *testing.T) {
	for name, c := range map[string]struct {
		add, drop  []string
		privileged bool
		has, lacks string
		count      int
	}{
		"added by any spelling": {[]string{"net_admin", "CAP_SYS_TIME", "SYS_PTRACE"}, nil, false, "CAP_NET_ADMIN CAP_SYS_TIME CAP_SYS_PTRACE", "CAP_SYS_ADMIN", 17},
		"dropped":               {nil, []string{"chown", "CAP_KILL"}, false, "CAP_FOWNER", "CAP_CHOWN CAP_KILL", 12},
		"drop all":              {nil, []string{"all"}, false, "", "CAP_CHOWN", 0},
		"drop all but one":      {[]string{"CHOWN"}, []string{"ALL"}, false, "CAP_CHOWN", "CAP_KILL", 1},
		"add all":               {[]string{"ALL"}, nil, false, "CAP_SYS_ADMIN", "", 41},
		"add all but one":       {[]string{"ALL"}, []string{"SYS_ADMIN"}, false, "CAP_CHOWN", "CAP_SYS_ADMIN", 40},
		"twice is once":         {[]string{"CHOWN", "chown"}, nil, false, "CAP_CHOWN", "", 14},
		"privileged":            {nil, []string{"CHOWN"}, true, "CAP_CHOWN CAP_SYS_ADMIN", "", 41},
	} {
		caps, err := oci.Capabilities(c.add, c.drop, c.privileged, everyCap)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range strings.Fields(c.has) {
			if !slices.Contains(caps, want) {
				t.Errorf("%s: %s is missing", name, want)
			}
		}
		for _, not := range strings.Fields(c.lacks) {
			if slices.Contains(caps, not) {
				t.Errorf("%s: %s is there", name, not)
			}
		}
		if len(caps) != c.count {
			t.Errorf("%s: %d capabilities, want %d", name, len(caps), c.count)
		}
	}
	if _, err := oci.Capabilities([]string{"CAP_FLY"}, nil, false, everyCap); !errdefs.IsInvalidArgument(err) {
		t.Errorf("an unknown capability: %v", err)
	}
}

// TestCapabilitiesOfTheEngineBound gives a container outside of a user namespace no more than the engine has.
func TestCapabilitiesOfTheEngineBound(t *testing.T) {
	few := []string{"CAP_CHOWN", "CAP_KILL"}
	for _, add := range [][]string{nil, {"ALL"}} {
		caps, err := oci.Capabilities(add, nil, false, few)
		if err != nil || len(caps) != 2 {
			t.Errorf("added %v: got %v, %v", add, caps, err)
		}
	}
}

// TestNothingIsInheritable holds what CVE-2022-29162 and CVE-2022-24769 broke.
func TestNothingIsInheritable(t *testing.T) {
	for name, change := range goldens {
		in := input()
		change(in)
		if c := oci.Spec(in).Process.Capabilities; len(c.Inheritable) > 0 || len(c.Ambient) > 0 || !slices.Equal(c.Bounding, c.Permitted) || !slices.Equal(c.Effective, c.Permitted) {
			t.Errorf("%s: sets %+v", name, c)
		}
	}
}
