package main

import (
	"crypto/tls"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// shakeHands opens TLS 1.3 connections through the proxy, one after the other in each of so many goroutines: a full
// handshake, one byte from the backend, close.
func shakeHands(s settings) {
	runtime.GOMAXPROCS(1)
	socketAddress(s.target)
	var mutex sync.Mutex
	result := outcome{Failures: map[string]int{}}
	var latency []time.Duration
	var counting, over atomic.Bool
	var workers sync.WaitGroup
	for i := range s.concurrency {
		workers.Go(func() {
			for !over.Load() {
				began := time.Now()
				err := shakeHandsOnce(s.target, i)
				took := time.Since(began)
				if !counting.Load() {
					continue
				}
				mutex.Lock()
				if err == nil {
					result.Done++
					latency = append(latency, took)
				} else {
					result.Failures[err.Error()]++
				}
				mutex.Unlock()
			}
		})
	}
	result.Seconds = s.window.sleeping(func() { counting.Store(true) }, func() { counting.Store(false) })
	over.Store(true)
	workers.Wait()
	result.Latency = summarise(latency)
	result.print()
}

func shakeHandsOnce(target string, worker int) error {
	plain, err := dialFrom(worker, target)
	if err != nil {
		return err
	}
	defer plain.Close()
	plain.SetDeadline(time.Now().Add(2 * patience))
	// The backend's certificate is its own: what is measured is the path to it.
	connection := tls.Client(plain, &tls.Config{ServerName: tlsName, InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}})
	if err := connection.Handshake(); err != nil {
		return err
	}
	var answer [1]byte
	_, err = connection.Read(answer[:])
	return err
}

// dialFrom connects from the address of the i-th client, with the patience of one that waits for its answer.
func dialFrom(i int, target string) (*net.TCPConn, error) {
	address := clientAddress(i)
	dialer := net.Dialer{
		Timeout:   patience,
		LocalAddr: &net.TCPAddr{IP: address[:]},
		Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipBindAddressNoPort, 1) })
		},
	}
	connection, err := dialer.Dial("tcp4", target)
	if err != nil {
		return nil, err
	}
	return connection.(*net.TCPConn), nil
}
