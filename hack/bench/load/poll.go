package main

import "syscall"

// EPOLLET as the unsigned flag it is; package syscall has it negative.
const edgeTriggered = 1 << 31

const anyEnd = syscall.EPOLLERR | syscall.EPOLLHUP

// poller is an epoll instance whose events carry a number of the caller's choice.
type poller struct {
	fd     int
	events []syscall.EpollEvent
}

func newPoller() *poller {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	must(err, "epoll_create1")
	return &poller{fd: fd, events: make([]syscall.EpollEvent, 256)}
}

func (p *poller) add(fd int, interest uint32, tag int) {
	event := syscall.EpollEvent{Events: interest, Fd: int32(tag)}
	must(syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, fd, &event), "epoll_ctl")
}

func (p *poller) change(fd int, interest uint32, tag int) {
	event := syscall.EpollEvent{Events: interest, Fd: int32(tag)}
	must(syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_MOD, fd, &event), "epoll_ctl")
}

func (p *poller) wait(milliseconds int) []syscall.EpollEvent {
	count, err := syscall.EpollWait(p.fd, p.events, milliseconds)
	if err == syscall.EINTR {
		return nil
	}
	must(err, "epoll_wait")
	return p.events[:count]
}

// waitFor blocks until one descriptor is ready. For set-up, not for the measured path.
func waitFor(fd int, interest uint32, milliseconds int) {
	p := newPoller()
	p.add(fd, interest, 0)
	p.wait(milliseconds)
	syscall.Close(p.fd)
}
