package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// UserTick is the unit of times in /proc: the kernel's interface to user space has had 100 to the second on every machine for decades (USER_HZ).
const UserTick = 10 * time.Millisecond

// Processors tells how much time the machine's processors had since it was started, busy or not. Its zero value is ready for use.
//
// The kernel counts that time in ticks, too coarse for two readings that are a tenth of a second apart. As it passes steadily, the count is
// read once, and again when a processor comes or goes, and carried on by the clock in between.
type Processors struct {
	mu     sync.Mutex // guards all below
	online string     // the kernel's list of those that work
	count  int
	base   time.Duration
	at     time.Time // when base was read
}

// Time gives the time of all processors together, up to now, and how many work.
func (p *Processors) Time() (total time.Duration, count int, err error) {
	online, _ := os.ReadFile("/sys/devices/system/cpu/online") // without it none comes or goes
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == 0 || string(online) != p.online {
		text, err := os.ReadFile("/proc/stat")
		if err != nil {
			return 0, 0, err
		}
		base, count, err := parseStat(string(text))
		if err != nil {
			return 0, 0, err
		}
		p.online, p.count, p.base, p.at = string(online), count, base, time.Now()
	}
	return p.base + time.Since(p.at)*time.Duration(p.count), p.count, nil
}

// parseStat reads "cpu user nice system idle iowait irq softirq steal ..." and counts the lines for single processors after it. Docker
// leaves out what comes after softirq, and so does this.
func parseStat(text string) (total time.Duration, count int, err error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !strings.HasPrefix(fields[0], "cpu") {
			break
		}
		if fields[0] != "cpu" {
			count++
			continue
		}
		if len(fields) < 8 {
			return 0, 0, fmt.Errorf("/proc/stat has only %d fields for all processors", len(fields)-1)
		}
		for _, f := range fields[1:8] {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, 0, fmt.Errorf("/proc/stat: %w", err)
			}
			total += time.Duration(n) * UserTick
		}
	}
	if count == 0 {
		return 0, 0, fmt.Errorf("/proc/stat names no processor")
	}
	return total, count, nil
}
