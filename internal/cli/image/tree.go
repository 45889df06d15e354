package image

import (
	"fmt"
	"io"

	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/cli/command/formatter/tabwriter"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/image"
)

// writeTree lists each image with its platforms below it.
func writeTree(out io.Writer, images []image.Summary) error {
	table := tabwriter.NewWriter(out, 10, 1, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "IMAGE\tID\tDISK USAGE\tCONTENT SIZE\tIN USE")
	for _, i := range images {
		names := i.RepoTags
		if len(names) == 0 {
			names = []string{"<untagged>"}
		}
		for _, name := range names {
			writeRow(table, name, i.ID, i.Size, contentSize(i), i.Containers > 0)
		}
		var platforms []image.ManifestSummary
		for _, m := range i.Manifests {
			if m.Kind == image.ManifestKindImage && m.ImageData != nil {
				platforms = append(platforms, m)
			}
		}
		for n, m := range platforms {
			branch := "├─ "
			if n == len(platforms)-1 {
				branch = "└─ "
			}
			p := m.ImageData.Platform
			name := p.OS + "/" + p.Architecture
			if p.Variant != "" {
				name += "/" + p.Variant
			}
			size := m.Size.Total
			if !m.Available {
				size = 0
			}
			writeRow(table, branch+name, m.ID, size, m.Size.Content, len(m.ImageData.Containers) > 0)
		}
	}
	return table.Flush()
}

func writeRow(out io.Writer, name, id string, disk, content int64, used bool) {
	mark := ""
	if used {
		mark = "U"
	}
	_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", name, formatter.TruncateID(id), humanSize(disk), humanSize(content), mark)
}

func humanSize(bytes int64) string {
	return units.HumanSizeWithPrecision(float64(bytes), 3)
}

// contentSize is what the image's platforms take as they came from a registry, in bytes.
func contentSize(i image.Summary) int64 {
	var sum int64
	for _, m := range i.Manifests {
		sum += m.Size.Content
	}
	return sum
}
