package main

import (
	"net"
	"syscall"
)

// linux/in.h: bind the address now and choose the port at connect, by the whole four-tuple.
const ipBindAddressNoPort = 24

// Clients come from so many addresses, so that ports in TIME-WAIT never run out.
const clientAddresses = 32

var dialled int

func clientAddress(i int) [4]byte { return [4]byte{127, 1, 0, byte(1 + i%clientAddresses)} }

func socketAddress(text string) *syscall.SockaddrInet4 {
	resolved, err := net.ResolveTCPAddr("tcp4", text)
	must(err, text)
	if !resolved.IP.IsLoopback() {
		fail(text, "is not a loopback address")
	}
	address := &syscall.SockaddrInet4{Port: resolved.Port}
	copy(address.Addr[:], resolved.IP.To4())
	return address
}

// dial begins a connection; on loopback it is complete when the call returns.
func dial(target *syscall.SockaddrInet4) (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
	syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	dialled++
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: clientAddress(dialled)})
	if err == nil {
		err = syscall.Connect(fd, target)
	}
	if err != nil && err != syscall.EINPROGRESS {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

// dialAndGreet returns a connection on which the hello is sent.
func dialAndGreet(target *syscall.SockaddrInet4, hello []byte) int {
	fd, err := dial(target)
	must(err, "dial")
	for {
		written, err := syscall.Write(fd, hello)
		if err == nil && written == len(hello) {
			return fd
		}
		if err != syscall.EAGAIN && err != syscall.ENOTCONN {
			fail("a hello could not be sent:", written, err)
		}
		waitFor(fd, syscall.EPOLLOUT, 5000)
	}
}

// discard takes what has come without copying it anywhere (tcp(7), MSG_TRUNC).
func discard(fd int) (int, syscall.Errno) {
	const most = 4 << 20
	count, _, errno := syscall.Syscall6(syscall.SYS_RECVFROM, uintptr(fd), 0, most, syscall.MSG_TRUNC, 0, 0)
	return int(count), errno
}

func listen(text string) int {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	must(err, "socket")
	syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	must(syscall.Bind(fd, socketAddress(text)), "bind "+text)
	must(syscall.Listen(fd, 4096), "listen "+text)
	return fd
}
