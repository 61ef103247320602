package main

import (
	"syscall"
	"time"
	"unsafe"
)

// metronome ticks at a fixed rate, through a descriptor that becomes readable (timerfd_create(2)).
type metronome struct {
	fd       int
	interval time.Duration
	started  time.Time
	ticked   int64
}

// timerfd_create(2) and timerfd_settime(2) are not in package syscall's tables of every platform.
const (
	clockMonotonic = 1
	nonBlocking    = syscall.O_NONBLOCK
)

func startMetronome(perSecond float64) *metronome {
	interval := time.Duration(float64(time.Second) / perSecond)
	fd, _, errno := syscall.Syscall(sysTimerfdCreate, clockMonotonic, nonBlocking, 0)
	if errno != 0 {
		fail("timerfd_create:", errno)
	}
	type timespec struct{ seconds, nanoseconds int64 }
	spec := struct{ interval, first timespec }{timespec{0, interval.Nanoseconds()}, timespec{0, interval.Nanoseconds()}}
	_, _, errno = syscall.Syscall6(sysTimerfdSettime, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		fail("timerfd_settime:", errno)
	}
	return &metronome{fd: int(fd), interval: interval, started: time.Now()}
}

// due calls for every tick since the last time, with the moment at which it was due.
func (m *metronome) due(tick func(at time.Time)) {
	var expirations [8]byte
	syscall.Read(m.fd, expirations[:])
	for until := int64(time.Since(m.started) / m.interval); m.ticked < until; m.ticked++ {
		tick(m.started.Add(time.Duration(m.ticked+1) * m.interval))
	}
}
