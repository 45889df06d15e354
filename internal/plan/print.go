package plan

import (
	"fmt"
	"io"
	"strings"
)

var stageNames = [...]string{
	Shim:  "the shim, on the host",
	Entry: "the entry process, into what exists",
	First: "the container's process",
}

var regNames = map[Reg]string{
	Stdin: "stdin", Stdout: "stdout", Stderr: "stderr", UserNS: "userns", NetNS: "netns", Target: "container", PtyMaster: "pty",
	PtySlave: "tty", Devpts: "devpts", Root: "root", Status: "status",
	Mounts: "mounts", BundleDir: "bundle",
}

func (r Reg) String() string {
	if n, ok := regNames[r]; ok {
		return "$" + n
	}
	return fmt.Sprintf("$%d", uint8(r-firstFree))
}

// Print writes the plan for people: a line a system call, grouped by who makes it. Steps of the same purpose stand
// below one line that names it.
func (p *Plan) Print(w io.Writer) error {
	var out strings.Builder
	stage, note := Stage(255), ""
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Stage != stage {
			stage = s.Stage
			fmt.Fprintf(&out, "# %s\n", stageNames[stage])
		}
		if s.Note != note {
			note = s.Note
			fmt.Fprintf(&out, "  - %s\n", note)
		}
		fmt.Fprintf(&out, "      %s\n", p.line(s))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// line shows one step as a call, as strace(1) would.
func (p *Plan) line(s *Step) string {
	c, ok := calls[s.Call]
	if !ok {
		c = call{fmt.Sprintf("syscall_%d", s.Call), "xxxxxx"}
	}
	args := make([]string, 0, 6)
	for i, form := range c.args {
		args = append(args, p.argument(s, s.Args[i], form))
	}
	line := fmt.Sprintf("%s(%s)", c.name, strings.Join(args, ", "))
	if s.Out != NoReg && c.name != "close" {
		line = s.Out.String() + " = " + line
	}
	for i, e := range s.Allow {
		sep := ", "
		if i == 0 {
			sep = "  or "
		}
		line += sep + errnoName(e)
	}
	if s.SkipOK > 0 {
		line += fmt.Sprintf("  [else the next %d]", s.SkipOK)
	}
	if s.SkipErr > 0 {
		line += fmt.Sprintf("  [then the next %d]", s.SkipErr)
	}
	return line
}
