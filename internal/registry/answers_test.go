package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// FuzzAnswers: whatever a registry says in its headers and in its errors, it is refused, or has a meaning within bounds.
func FuzzAnswers(f *testing.F) {
	f.Add("<https://reg.test/v2/x/tags/list?last=a>; rel=\"next\"", "120", "0-99", "/v2/x/blobs/uploads/1?_state=a", []byte(`{"errors":[{"code":"DENIED","message":"no \\u001b[2J"}]}`))
	f.Add("</v2/x>;rel=\"next\"", "Wed, 21 Oct 2015 07:28:00 GMT", "bytes=0-0", "https://[::1", []byte(`{"errors":[{"message":"x`+strings.Repeat("ä", maxMessage)+`"}]}`))
	f.Add(">", "-1", "-", "", []byte("<html>"))
	page := &url.URL{Scheme: "https", Host: "reg.test", Path: "/v2/x/tags/list"}
	f.Fuzz(func(t *testing.T, link, after, had, at string, body []byte) {
		h := http.Header{"Link": {link}, "Retry-After": {after}, "Range": {had}, "Location": {at}}
		if next, err := page.Parse(nextLink(h)); err == nil && next == nil {
			t.Error("no page and no error")
		}
		if d := retryAfter(h, time.Now()); d < 0 {
			t.Errorf("it asks for %s", d)
		}
		u := &upload{Upload: Upload{Size: 100}}
		if err := u.got(&http.Response{Header: h, Request: &http.Request{URL: page}}); err == nil && (u.done < 0 || u.done > u.Size || u.at == nil) {
			t.Errorf("%d of %d bytes at %v", u.done, u.Size, u.at)
		}
		said := message(body)
		if len(said) > maxMessage || !utf8.ValidString(said) || strings.ContainsFunc(said, func(r rune) bool { return !unicode.IsPrint(r) && r != utf8.RuneError }) {
			t.Errorf("%q", said)
		}
	})
}
