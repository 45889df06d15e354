package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Interface is what a network interface has carried since it was made.
type Interface struct {
	RxBytes, RxPackets, RxErrors, RxDropped uint64
	TxBytes, TxPackets, TxErrors, TxDropped uint64
}

// Interfaces gives the interfaces of a process's network namespace by their names, the loopback among them.
func Interfaces(pid int) (map[string]Interface, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
	if err != nil {
		return nil, gone(pid, err)
	}
	return parseInterfaces(string(text)), nil
}

// parseInterfaces reads the lines "eth0: bytes packets errs drop fifo frame compressed multicast bytes packets ...", received before
// sent, after two lines of headings.
func parseInterfaces(text string) map[string]Interface {
	found := map[string]Interface{}
	for line := range strings.Lines(text) {
		i := strings.LastIndexByte(line, ':') // a name may have one in it
		if i < 0 {
			continue
		}
		var n [16]uint64
		fields := strings.Fields(line[i+1:])
		if len(fields) < len(n) {
			continue
		}
		for j := range n {
			n[j], _ = strconv.ParseUint(fields[j], 10, 64)
		}
		found[strings.TrimSpace(line[:i])] = Interface{
			RxBytes: n[0], RxPackets: n[1], RxErrors: n[2], RxDropped: n[3],
			TxBytes: n[8], TxPackets: n[9], TxErrors: n[10], TxDropped: n[11],
		}
	}
	return found
}
