package main

import "syscall"

// holdIdle opens connections, sees each answered by its backend, and then holds them still for the window.
func holdIdle(s settings) {
	target := socketAddress(s.target)
	hello := clientHello(routeName(0))
	result := outcome{Failures: map[string]int{}}
	// So many at a time, that no queue of the kernel overflows.
	const batch = 200
	var answer [16]byte
	all := make([]int, 0, s.concurrency)
	for opened := 0; opened < s.concurrency; {
		fds := make([]int, 0, batch)
		for len(fds) < batch && opened < s.concurrency {
			fds = append(fds, dialAndGreet(target, hello))
			opened++
		}
		all = append(all, fds...)
		for _, fd := range fds {
			count, err := syscall.Read(fd, answer[:])
			if err == syscall.EAGAIN {
				waitFor(fd, syscall.EPOLLIN, int(patience.Milliseconds()))
				count, err = syscall.Read(fd, answer[:])
			}
			if err == nil && count > 0 {
				result.Done++
			} else {
				result.Failures[endedAs(count, err, "without an answer")]++
			}
		}
	}
	result.Seconds = s.window.sleeping(func() {}, func() {
		for _, fd := range all {
			if count, err := syscall.Read(fd, answer[:]); err != syscall.EAGAIN {
				result.Failures[endedAs(count, err, "while idle")]++
			}
		}
	})
	result.print()
}

// endedAs says how a read went that should have gone otherwise.
func endedAs(count int, err error, when string) string {
	switch {
	case err != nil:
		return err.Error()
	case count == 0:
		return "closed " + when
	default:
		return "bytes " + when
	}
}
