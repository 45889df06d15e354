package container

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"

	"tug/internal/cli/connection"
)

func TestTheTableIsTheFormatters(t *testing.T) {
	now := time.Now()
	id := strings.Repeat("0123456789abcdef", 4)
	all := []container.Summary{
		{ID: id, Names: []string{"/web"}, Image: "nginx", ImageID: "sha256:" + id, Command: "nginx -g 'daemon off;'", Created: now.Add(-time.Hour).Unix(), Status: "Up 2 minutes"},
		{ID: id[2:] + "00", Names: []string{"/other/db", "/db"}, Image: "localhost:5000/team/db:1.2@sha256:" + id, ImageID: "sha256:" + id, Command: `a "b"` + "\n\té", Status: "Exited (1) 3 days ago"},
		{ID: id, Names: []string{"/a/b"}, Image: "sha256:" + id, ImageID: "sha256:" + id, Created: now.Add(time.Hour).Unix()}, // by a clock that is ahead: it is of this moment for long
		{ID: "short", Image: "", Command: "größer als zwanzig Zeichen, ja", Ports: []container.PortSummary{
			{IP: netip.MustParseAddr("0.0.0.0"), PrivatePort: 80, PublicPort: 8080, Type: "tcp"}, {PrivatePort: 81, Type: "tcp"}, {PrivatePort: 82, Type: "tcp"},
		}},
		{ID: id, Image: "Not A Reference", Names: []string{"/x"}},
		{ID: id, Image: "nginx", Names: []string{"/y"}},
	}
	var brief []connection.Brief
	for _, c := range all {
		brief = append(brief, connection.Brief{
			ID: c.ID, Image: c.Image, ImageID: c.ImageID, Command: c.Command, Status: c.Status, Names: c.Names, Created: c.Created, Ports: c.Ports,
		})
	}
	for _, noTrunc := range []bool{false, true} {
		for _, n := range []int{0, 1, len(all)} {
			o := &listOptions{noTrunc: noTrunc}
			var want, got bytes.Buffer
			format := formatter.Context{Output: &want, Format: formatter.NewContainerFormat("", false, false), Trunc: !noTrunc}
			if err := formatter.ContainerWrite(format, all[:n]); err != nil {
				t.Fatal(err)
			}
			if err := o.writeTable(&got, brief[:n], now); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want.String(), got.String()); d != "" {
				t.Errorf("no-trunc %v, %d containers: %s", noTrunc, n, d)
			}
			want.Reset()
			got.Reset()
			format.Format = formatter.NewContainerFormat("", true, false)
			if err := formatter.ContainerWrite(format, all[:n]); err != nil {
				t.Fatal(err)
			}
			if err := o.writeIDs(&got, brief[:n]); err != nil || want.String() != got.String() {
				t.Errorf("IDs are %q, want %q: %v", got.String(), want.String(), err)
			}
		}
	}
}
