package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"time"
)

// What a backend that resets has sent by then, and how long it waits in between.
const (
	bytesBeforeReset = 96 << 10
	pauseBeforeReset = 20 * time.Millisecond
)

// No connection to a backend of a soak lasts longer.
const longestConnection = 3 * time.Minute

// serveSoak serves the backends of a soak. Unlike those of the bench, each connection may be slow without holding up another.
func serveSoak(s settings) {
	runtime.GOMAXPROCS(1)
	for i, address := range strings.Split(s.answer, ",") {
		serveEach(address, func(connection *net.TCPConn) {
			connection.Write(answerOf(i))
			io.Copy(io.Discard, connection)
		})
	}
	serveEach(s.echo, func(connection *net.TCPConn) {
		buffer := make([]byte, 16<<10)
		io.CopyBuffer(struct{ io.Writer }{connection}, struct{ io.Reader }{connection}, buffer)
		connection.CloseWrite()
	})
	serveEach(s.source, func(connection *net.TCPConn) {
		for offset := int64(0); ; {
			count, err := connection.Write(patternFrom(offset, patternPeriod))
			if err != nil {
				return
			}
			offset += int64(count)
		}
	})
	serveEach(s.reset, func(connection *net.TCPConn) {
		for offset := 0; offset < bytesBeforeReset; {
			count, err := connection.Write(patternFrom(int64(offset), bytesBeforeReset-offset))
			if err != nil {
				return
			}
			offset += count
		}
		time.Sleep(pauseBeforeReset)
		connection.SetLinger(0)
	})
	startTLS(s.tls)
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

// serveEach calls for each connection, once its hello is read, and closes it afterwards.
func serveEach(address string, serve func(*net.TCPConn)) {
	listener, err := net.ListenTCP("tcp4", loopback(address))
	must(err, "listen "+address)
	go func() {
		for {
			connection, err := listener.AcceptTCP()
			must(err, "accept")
			go func() {
				defer connection.Close()
				connection.SetDeadline(time.Now().Add(longestConnection))
				var header [recordHeader]byte
				if _, err := io.ReadFull(connection, header[:]); err != nil {
					return
				}
				if _, err := io.CopyN(io.Discard, connection, int64(header[3])<<8+int64(header[4])); err != nil {
					return
				}
				serve(connection)
			}()
		}
	}()
}

func loopback(address string) *net.TCPAddr {
	at := socketAddress(address)
	return &net.TCPAddr{IP: at.Addr[:], Port: at.Port}
}
