package ps

import (
	"fmt"
	"time"
)

// clock is a span of time as [DD-]HH:MM:SS; hours that are none are left out unless always is said.
func clock(d time.Duration, always bool) string {
	s := int(d.Seconds())
	days, hours, minutes, seconds := s/86400, s/3600%24, s/60%60, s%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d-%02d:%02d:%02d", days, hours, minutes, seconds)
	case hours > 0 || always:
		return fmt.Sprintf("%02d:%02d:%02d", hours, minutes, seconds)
	}
	return fmt.Sprintf("%02d:%02d", minutes, seconds)
}

// minutes is the processor time in BSD's manner.
func minutes(r *row) string {
	s := int((r.User + r.System).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// startOfDay is when the process was started: the time of a start today, the day of one in this year, else the year.
func startOfDay(r *row) string {
	at, now := r.started(), r.table.host.Now
	switch {
	case at.Year() != now.Year():
		return at.Format("2006")
	case at.YearDay() != now.YearDay():
		return at.Format("Jan02")
	}
	return at.Format("15:04")
}

func startWithinADay(r *row) string {
	if r.age() < 24*time.Hour {
		return r.started().Format("15:04:05")
	}
	return r.started().Format("Jan 02")
}

func bsdStart(r *row) string {
	if r.age() < 24*time.Hour {
		return r.started().Format("15:04")
	}
	return r.started().Format("Jan 02")
}
