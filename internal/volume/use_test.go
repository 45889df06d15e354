package volume

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/moby/sys/mountinfo"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/fs"

	"tug/internal/beneath"
)

func nobody() []string { return nil }

func TestAHeldVolumeIsNotRemoved(t *testing.T) {
	v := open(t, fs.NewDir(t, "volumes").Path())
	vol, fresh, release, err := v.Hold(Wish{Name: "held"})
	assert.NilError(t, err)
	assert.Assert(t, fresh)
	err = v.Remove(vol.Name, nobody)
	assert.Assert(t, errdefs.IsConflict(err), "%v", err)
	release()
	err = v.Remove(vol.Name, func() []string { return []string{"user"} })
	assert.ErrorContains(t, err, "remove held: volume is in use - [user]")
	assert.NilError(t, v.Remove(vol.Name, nobody))
	_, err = v.Get("held")
	assert.Assert(t, errdefs.IsNotFound(err))
}

func TestAFreshVolumeIsFilledWholeOrNotAtAll(t *testing.T) {
	v := open(t, fs.NewDir(t, "volumes").Path())
	vol, _, err := v.Create(Wish{Name: "filled"})
	assert.NilError(t, err)
	err = v.Fill(vol, true, func(dir int) error {
		assert.NilError(t, os.WriteFile(filepath.Join(beneath.Handle(dir), "half"), nil, 0o600))
		return errors.New("no space")
	})
	assert.ErrorContains(t, err, "no space")
	left, err := os.ReadDir(vol.Path)
	assert.NilError(t, err)
	assert.Equal(t, len(left), 0)
	write := func(dir int) error { return os.WriteFile(filepath.Join(beneath.Handle(dir), "whole"), nil, 0o600) }
	assert.NilError(t, v.Fill(vol, true, write))
	_, err = os.Stat(filepath.Join(vol.Path, "whole"))
	assert.NilError(t, err)
	assert.NilError(t, v.Fill(vol, false, func(int) error { return errors.New("it has files already") }))
}

func TestWhatIsMountedOnAVolumeIsNotRemovedWithIt(t *testing.T) {
	data := fs.NewDir(t, "precious", fs.WithFile("file", "data"))
	v := open(t, fs.NewDir(t, "volumes").Path())
	options := map[string]string{"type": "none", "o": "bind", "device": data.Path()}
	vol, _, err := v.Create(Wish{Name: "bound", Options: options})
	assert.NilError(t, err)
	assert.NilError(t, v.Use(t.Context(), "bound", "a"))
	assert.NilError(t, v.Use(t.Context(), "bound", "b"))
	assert.NilError(t, v.Release("bound", "a"))
	_, err = os.Stat(filepath.Join(vol.Path, "file"))
	assert.NilError(t, err, "b has it still")

	v = reopen(t, v) // and the last daemon has left it mounted
	assert.NilError(t, v.Adopt(map[string][]string{"bound": {"b"}}))
	_, err = os.Stat(filepath.Join(vol.Path, "file"))
	assert.NilError(t, err, "b has it still")
	assert.NilError(t, v.Remove("bound", nobody))
	_, err = os.Stat(data.Join("file"))
	assert.NilError(t, err, "what was mounted has gone with the volume")
	assert.Equal(t, len(v.mounts.used), 0, "the users of a volume that is gone are remembered")
}

func TestARemovalOfAMountedVolumeThatACrashHasInterrupted(t *testing.T) {
	data := fs.NewDir(t, "precious", fs.WithFile("file", "data"))
	v := open(t, fs.NewDir(t, "volumes").Path())
	_, _, err := v.Create(Wish{Name: "bound", Options: map[string]string{"type": "none", "o": "bind", "device": data.Path()}})
	assert.NilError(t, err)
	assert.NilError(t, v.Use(t.Context(), "bound", "a"))
	_, err = v.forget("bound", nobody)
	assert.NilError(t, err)
	reopen(t, v)
	_, err = os.Stat(data.Join("file"))
	assert.NilError(t, err, "what was mounted has gone with the volume")
	left, err := os.ReadDir(v.root)
	assert.NilError(t, err)
	assert.Equal(t, len(left), 0)
}

func TestUnmountsWhatNobodyUses(t *testing.T) {
	v := open(t, fs.NewDir(t, "volumes").Path())
	vol, _, err := v.Create(Wish{Name: "memory", Options: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=7"}})
	assert.NilError(t, err)
	assert.NilError(t, v.Use(t.Context(), "memory", "a"))
	info, err := os.Stat(vol.Path)
	assert.NilError(t, err)
	assert.Equal(t, info.Sys().(*syscall.Stat_t).Uid, uint32(7))
	assert.NilError(t, v.Adopt(nil))
	mounted, err := mountinfo.Mounted(vol.Path)
	assert.NilError(t, err)
	assert.Assert(t, mounted, "the user is known")
	assert.NilError(t, reopen(t, v).Adopt(nil))
	mounted, err = mountinfo.Mounted(vol.Path)
	assert.NilError(t, err)
	assert.Assert(t, !mounted)
}

func TestOptionsOfTheLocalDriver(t *testing.T) {
	for want, options := range map[string]map[string]string{
		"":                                  {"type": "tmpfs", "device": "tmpfs"},
		`missing required option: "device"`: {"type": "tmpfs"},
		`missing required option: "type"`:   {"device": "tmpfs", "o": "size=1m"},
		`invalid option: "foo"`:             {"foo": "bar"},
		`quota size requested but no quota`: {"size": "1G"},
	} {
		err := checkOptions(options)
		if want == "" {
			assert.NilError(t, err)
			continue
		}
		assert.ErrorContains(t, err, want)
		assert.Assert(t, errdefs.IsInvalidArgument(err))
	}
}
