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
	for opened := 0; opened < s.concurrency; {
		fds := make([]int, 0, batch)
		for len(fds) < batch && opened < s.concurrency {
			fds = append(fds, dialAndGreet(target, hello))
			opened++
		}
		for _, fd := range fds {
			count, err := syscall.Read(fd, answer[:])
			if err == syscall.EAGAIN {
				waitFor(fd, syscall.EPOLLIN, int(patience.Milliseconds()))
				count, err = syscall.Read(fd, answer[:])
			}
			switch {
			case err != nil:
				result.Failures[err.Error()]++
			case count == 0:
				result.Failures["closed without an answer"]++
			default:
				result.Done++
			}
		}
	}
	result.Seconds = s.window.sleeping(func() {}, func() {})
	result.print()
}
