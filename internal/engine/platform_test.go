package engine

import (
	"strings"
	"testing"

	"tug/internal/image"
)

func TestAnImageOfAnotherPlatformIsWarnedOf(t *testing.T) {
	other := image.Image{OS: "linux", Architecture: "s390x"}
	if got := platformWarning("", other); !strings.HasPrefix(got, "The requested image's platform (linux/s390x) does not match the detected host platform (linux/") {
		t.Error(got)
	}
	if got := platformWarning("linux/s390x", other) + platformWarning("", image.Image{}); got != "" {
		t.Errorf("asked for, or not known: %s", got)
	}
}
