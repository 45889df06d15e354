package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	mobybuild "github.com/moby/moby/api/types/build"
	moby "github.com/moby/moby/api/types/container"
	mobyimage "github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/system"
	mobyvolume "github.com/moby/moby/api/types/volume"

	"tug/internal/container"
	"tug/internal/image"
)

// systemDF answers how much disk space images, containers, volumes and the build cache take, or those of the parameter type.
func systemDF(c *call) error {
	known := []system.DiskUsageObject{system.ContainerObject, system.ImageObject, system.VolumeObject, system.BuildCacheObject}
	wanted := map[system.DiskUsageObject]bool{}
	for _, t := range c.query["type"] {
		if c.before(42) {
			break // the parameter came with 1.42
		}
		if !slices.Contains(known, system.DiskUsageObject(t)) {
			return invalid("unknown object type: %s: must be one of %v", t, known)
		}
		wanted[system.DiskUsageObject(t)] = true
	}
	out := diskUsage{call: c, verbose: c.flag("verbose") || c.before(52)}
	measures := map[system.DiskUsageObject]func() error{
		system.ContainerObject: out.containers, system.ImageObject: out.images, system.VolumeObject: out.volumes, system.BuildCacheObject: out.buildCache,
	}
	for _, kind := range known {
		if len(wanted) > 0 && !wanted[kind] {
			continue
		}
		if err := measures[kind](); err != nil {
			return err
		}
	}
	if c.before(52) {
		return c.json(http.StatusOK, out.legacy())
	}
	return c.json(http.StatusOK, out.usage)
}

// diskUsage is an answer in the making.
type diskUsage struct {
	call    *call
	verbose bool
	usage   system.DiskUsage
	listed  []*listedContainer
	shown   []listedImage
}

func (d *diskUsage) containers() error {
	usage := &moby.DiskUsage{}
	all := d.call.engine.List()
	linkNames := container.LinkNames(all)
	for _, r := range all {
		if err := d.call.ctx().Err(); err != nil {
			return err
		}
		details, err := d.call.engine.Details(d.call.ctx(), r)
		if err != nil {
			return err
		}
		var written int64
		if err := d.call.measure(r, &details); errdefs.IsNotFound(err) {
			continue // it has just been removed
		} else if err == nil {
			written = *details.SizeRw
		}
		usage.TotalCount++
		usage.TotalSize += written
		switch state := moby.ContainerState(r.State.Status); state { //nolint:exhaustive // all others are idle
		case moby.StateRunning, moby.StatePaused, moby.StateRestarting:
			usage.ActiveCount++
		default:
			usage.Reclaimable += written
		}
		if d.verbose {
			details.LinkNames = linkNames[r.ID]
			shown := listContainer(r, &details, d.call.version, time.Now())
			d.listed = append(d.listed, shown)
			usage.Items = append(usage.Items, *shown.Summary)
		}
	}
	d.usage.ContainerUsage = usage
	return nil
}

func (d *diskUsage) images() error {
	images, err := d.call.engine.Images().List(d.call.ctx(), image.ListOptions{All: true})
	if err != nil {
		return err
	}
	users := d.call.imageUsers()
	sizes, err := d.call.engine.Images().Usage(d.call.ctx())
	if err != nil {
		return err
	}
	usage := &mobyimage.DiskUsage{TotalCount: int64(len(images)), TotalSize: sizes.Layers + sizes.Blobs}
	for i := range images {
		shown := listImage(&images[i], d.call.sizeOf(&images[i]), users, d.call.version)
		shown.SharedSize = sumOf(&images[i], sizes.Shared)
		if shown.Containers > 0 {
			usage.ActiveCount++
		} else {
			usage.Reclaimable += shown.Size - shown.SharedSize + sumOf(&images[i], sizes.Own)
			if p := images[i].Platforms; p != nil {
				usage.Reclaimable += sizes.Own[p.Target.Digest]
			}
		}
		if d.verbose {
			d.shown = append(d.shown, shown)
			usage.Items = append(usage.Items, *shown.Summary)
		}
	}
	d.usage.ImageUsage = usage
	return nil
}

func (d *diskUsage) volumes() error {
	users := d.call.volumeUsers()
	usage := &mobyvolume.DiskUsage{}
	for _, v := range d.call.engine.Volumes().List() {
		if err := d.call.ctx().Err(); err != nil {
			return err
		}
		shown := showVolume(&v)
		shown.UsageData = &mobyvolume.UsageData{RefCount: users[v.Name], Size: d.call.engine.VolumeSize(d.call.ctx(), &v)}
		size := max(shown.UsageData.Size, 0)
		usage.TotalCount++
		usage.TotalSize += size
		if users[v.Name] > 0 {
			usage.ActiveCount++
		} else {
			usage.Reclaimable += size
		}
		if d.verbose {
			usage.Items = append(usage.Items, shown)
		}
	}
	d.usage.VolumeUsage = usage
	return nil
}

// buildCache counts what images share with it, too, but not as what can be had back.
func (d *diskUsage) buildCache() error {
	records, err := d.call.engine.BuildCache(d.call.ctx())
	if err != nil {
		return err
	}
	usage := &mobybuild.DiskUsage{TotalCount: int64(len(records))}
	for _, r := range records {
		usage.TotalSize += r.Size
		switch {
		case r.InUse:
			usage.ActiveCount++
		case !r.Shared:
			usage.Reclaimable += r.Size
		}
		if d.verbose {
			usage.Items = append(usage.Items, mobybuild.CacheRecord{
				ID: r.ID, Parents: r.Parents, Type: r.Kind, Description: r.Description, InUse: r.InUse, Shared: r.Shared,
				Size: r.Size, CreatedAt: r.CreatedAt, LastUsedAt: r.LastUsedAt, UsageCount: r.UsageCount,
			})
		}
	}
	d.usage.BuildCacheUsage = usage
	return nil
}

// legacyUsage is the answer of versions before 1.52.
type legacyUsage struct {
	LayersSize int64
	Images     []listedImage
	Containers []*listedContainer
	Volumes    []mobyvolume.Volume
	BuildCache []mobybuild.CacheRecord
}

func (d *diskUsage) legacy() legacyUsage {
	out := legacyUsage{}
	if u := d.usage.ImageUsage; u != nil {
		out.LayersSize, out.Images = u.TotalSize, list(d.shown)
	}
	if d.usage.ContainerUsage != nil {
		out.Containers = list(d.listed)
	}
	if u := d.usage.VolumeUsage; u != nil {
		out.Volumes = list(u.Items)
	}
	if u := d.usage.BuildCacheUsage; u != nil {
		out.BuildCache = list(u.Items)
	}
	return out
}
