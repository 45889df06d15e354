package image

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

// leakFree checks that nothing that was begun after the call still runs at the end of the test, the closing of its image stores included.
func leakFree(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections() // of the test's own client
		goleak.VerifyNone(t, before)
	})
}
