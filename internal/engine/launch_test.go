package engine

import "testing"

func TestACgroupParentIsFromTheRootOn(t *testing.T) {
	for parent, want := range map[string]string{"/tug": "/tug", "tug": "/tug", "a/b": "/a/b", "tug.slice": "tug.slice", "../out": "/../out"} {
		if got := absoluteParent(parent); got != want {
			t.Errorf("%s is %s, not %s", parent, got, want)
		}
	}
}
