package main

import (
	"crypto/rand"
	"syscall"
)

// moveBytes keeps so many streams full in one direction, and counts what arrived or was taken.
func moveBytes(s settings) {
	target := socketAddress(s.target)
	down := s.direction == "down"
	name, interest := sinkName, uint32(syscall.EPOLLOUT)
	if down {
		name, interest = sourceName, syscall.EPOLLIN
	}
	hello := clientHello(name)
	p := newPoller()
	for range s.concurrency {
		fd := dialAndGreet(target, hello)
		p.add(fd, interest, fd)
	}
	data := make([]byte, 256<<10)
	rand.Read(data)
	result := outcome{Failures: map[string]int{}}
	// A stream that ends is lost for the whole run: it counts although it ended in the warm-up.
	lost := map[string]int{}
	result.Seconds = s.window.during(p, func() { result.Bytes = 0 }, func(fd int, _ uint32) {
		count, errno := step(down, fd, data)
		switch {
		case errno == syscall.EAGAIN:
		case errno != 0:
			lost[errno.Error()]++
			syscall.Close(fd)
		case count == 0:
			lost["stream ended"]++
			syscall.Close(fd)
		default:
			result.Bytes += int64(count)
		}
	})
	result.Failures = lost
	result.print()
}

func step(down bool, fd int, data []byte) (int, syscall.Errno) {
	if down {
		return discard(fd)
	}
	count, err := syscall.Write(fd, data)
	if errno, isErrno := err.(syscall.Errno); isErrno {
		return 0, errno
	}
	return count, 0
}
