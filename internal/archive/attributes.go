package archive

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

const (
	// AttributeRecord begins the names of records that are extended attributes (as star, GNU tar and Docker write them).
	AttributeRecord = "SCHILY.xattr."
	capability      = "security.capability"
	userPrefix      = "user."
)

// carried are the extended attributes that archives carry: what programs and people set, and the capabilities of programs.
// Others mean something to the host alone, such as those of overlay.
func carried(name string) bool { return name == capability || strings.HasPrefix(name, userPrefix) }

// attributesOf reads the extended attributes of what a descriptor holds as records of an archive. One that cannot be read,
// as the file system has none, is not there.
func (t Tree) attributesOf(fd int) map[string]string {
	file := beneath.Handle(fd)
	var buf [1024]byte
	names := buf[:]
	n, err := unix.Listxattr(file, names)
	if err == unix.ERANGE {
		names = make([]byte, unix.PathMax*16) // the kernel's limit
		n, err = unix.Listxattr(file, names)
	}
	if err != nil || n == 0 {
		return nil
	}
	var records map[string]string
	for name := range bytes.SplitSeq(bytes.TrimSuffix(names[:n], []byte{0}), []byte{0}) {
		if !carried(string(name)) {
			continue
		}
		value := make([]byte, 64<<10) // the kernel's limit
		n, err := unix.Getxattr(file, string(name), value)
		if err != nil {
			continue
		}
		if value = value[:n]; string(name) == capability {
			value = t.plainCapability(value)
		}
		if records == nil {
			records = map[string]string{}
		}
		records[AttributeRecord+string(name)] = string(value)
	}
	return records
}

// Forms of the capabilities of a program (capabilities(7), "File capability extended attribute versioning").
const (
	capRevisionMask = 0xff000000
	capRevision2    = 0x02000000
	capRevision3    = 0x03000000
	capSize2        = 20 // bytes; revision 3 has 4 more, root's id in the user namespace for which they hold
)

// plainCapability gives capabilities that hold in the tree's user namespace in the form that holds where the archive
// is unpacked.
func (t Tree) plainCapability(value []byte) []byte {
	if len(value) != capSize2+4 {
		return value
	}
	head, root := binary.LittleEndian.Uint32(value), binary.LittleEndian.Uint32(value[capSize2:])
	if head&capRevisionMask != capRevision3 || root != 0 && root != t.FirstID {
		return value
	}
	plain := bytes.Clone(value[:capSize2])
	binary.LittleEndian.PutUint32(plain, head&^uint32(capRevisionMask)|capRevision2)
	return plain
}

// setAttributes gives what a descriptor holds the extended attributes of an archive's records. Where there are none, and
// where these cannot be, the file goes without.
func (t Tree) setAttributes(fd int, records map[string]string) error {
	for key, value := range records {
		name, ok := strings.CutPrefix(key, AttributeRecord)
		if !ok || !carried(name) {
			continue
		}
		data := []byte(value)
		if name == capability {
			data = t.heldCapability(data)
		}
		switch err := unix.Setxattr(beneath.Handle(fd), name, data, 0); err {
		case nil, unix.ENOTSUP, unix.EPERM, unix.EINVAL:
		default:
			return err
		}
	}
	return nil
}

// heldCapability is the way back of plainCapability: capabilities that hold in the tree's user namespace, and not on the host.
func (t Tree) heldCapability(value []byte) []byte {
	if t.FirstID == 0 || len(value) != capSize2 {
		return value
	}
	head := binary.LittleEndian.Uint32(value)
	if head&capRevisionMask != capRevision2 {
		return value
	}
	held := binary.LittleEndian.AppendUint32(bytes.Clone(value), t.FirstID)
	binary.LittleEndian.PutUint32(held, head&^uint32(capRevisionMask)|capRevision3)
	return held
}
