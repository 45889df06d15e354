package seccomp

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Program is a compiled profile. It is shared: nobody changes it.
type Program struct {
	Filter []unix.SockFilter
	Flags  uint // for SECCOMP_SET_MODE_FILTER
}

// Bytes is the filter as the kernel reads it: struct sock_filter after struct sock_filter, little-endian.
func (p Program) Bytes() []byte {
	b := make([]byte, 0, 8*len(p.Filter))
	for _, in := range p.Filter {
		b = binary.LittleEndian.AppendUint16(b, in.Code)
		b = append(b, in.Jt, in.Jf)
		b = binary.LittleEndian.AppendUint32(b, in.K)
	}
	return b
}

// maxCached bounds a cache. Engines see a handful of profiles; a client that makes up thousands gets no memory for it.
const maxCached = 64

// Cache remembers profiles and programs, since most containers of a host have the same. Its zero value is empty. What it returns is
// shared and must not be changed.
type Cache struct {
	mu       sync.Mutex
	defaults map[string]*specs.LinuxSeccomp // by capabilities
	programs map[[sha256.Size]byte]Program  // by profile and machine
}

// Default is [Default], remembered.
func (c *Cache) Default(caps []string) (*specs.LinuxSeccomp, error) {
	sorted := slices.Clone(caps)
	slices.Sort(sorted)
	key := strings.Join(slices.Compact(sorted), " ")
	c.mu.Lock()
	p, ok := c.defaults[key]
	c.mu.Unlock()
	if ok {
		return p, nil
	}
	p, err := Default(sorted)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.defaults == nil || len(c.defaults) >= maxCached {
		c.defaults = map[string]*specs.LinuxSeccomp{}
	}
	c.defaults[key] = p
	return p, nil
}

// Compile is [Compile], remembered by what the profile says.
func (c *Cache) Compile(p *specs.LinuxSeccomp, machine string) (Program, error) {
	key := fingerprint(p, machine)
	c.mu.Lock()
	made, ok := c.programs[key]
	c.mu.Unlock()
	if ok {
		return made, nil
	}
	filter, flags, err := Compile(p, machine)
	if err != nil {
		return Program{}, err
	}
	made = Program{Filter: filter, Flags: flags}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.programs == nil || len(c.programs) >= maxCached {
		c.programs = map[[sha256.Size]byte]Program{}
	}
	c.programs[key] = made
	return made, nil
}

// fingerprint is a hash of all that Compile looks at, written such that different profiles never make the same bytes.
func fingerprint(p *specs.LinuxSeccomp, machine string) [sha256.Size]byte {
	w := make(words, 0, 16<<10)
	w.text(machine)
	w.text(string(p.DefaultAction))
	w.optional(p.DefaultErrnoRet)
	w.text(p.ListenerPath)
	w.number(uint64(len(p.Architectures)))
	for _, a := range p.Architectures {
		w.text(string(a))
	}
	if p.Flags == nil { // not the same as an empty list
		w.number(^uint64(0))
	}
	w.number(uint64(len(p.Flags)))
	for _, f := range p.Flags {
		w.text(string(f))
	}
	for _, s := range p.Syscalls {
		w.number(uint64(len(s.Names)))
		for _, n := range s.Names {
			w.text(n)
		}
		w.text(string(s.Action))
		w.optional(s.ErrnoRet)
		w.number(uint64(len(s.Args)))
		for _, a := range s.Args {
			w.number(uint64(a.Index))
			w.number(a.Value)
			w.number(a.ValueTwo)
			w.text(string(a.Op))
		}
	}
	return sha256.Sum256(w)
}

// words is a sequence of values, each with its length.
type words []byte

func (w *words) number(n uint64) { *w = binary.LittleEndian.AppendUint64(*w, n) }

func (w *words) text(s string) {
	w.number(uint64(len(s)))
	*w = append(*w, s...)
}

func (w *words) optional(n *uint) {
	if n == nil {
		w.number(0)
		return
	}
	w.number(1)
	w.number(uint64(*n))
}
