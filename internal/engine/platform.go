package engine

import (
	"fmt"

	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/image"
)

// platformWarning says, in Docker's words, that nobody asked for the platform that an image is for, and that this host has another; "" if all is well.
func platformWarning(asked string, img image.Image) string {
	has, host := ocispec.Platform{OS: img.OS, Architecture: img.Architecture, Variant: img.Variant, OSVersion: img.OSVersion}, platforms.DefaultSpec()
	if asked != "" || has.Architecture == "" || platforms.Default().Match(has) {
		return ""
	}
	return fmt.Sprintf("The requested image's platform (%s) does not match the detected host platform (%s) and no specific platform was requested",
		platforms.Format(has), platforms.Format(host))
}
