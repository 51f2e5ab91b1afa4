package main

import (
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// dropping accepts on a port of its own, drops the first connections and passes the later ones on to sshd.
func dropping(t *testing.T, drops int32, s *sshServer) (port int, attempts *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	attempts = &atomic.Int32{}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", s.port))
			if attempts.Add(1) <= drops || err != nil {
				_ = from.Close()
				continue
			}
			go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
			go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, attempts
}

func TestDialErrorLimit(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	for _, row := range []struct {
		limit, drops, attempts int
		reached                bool
	}{
		{0, 1, 1, false},
		{2, 9, 3, false},
		{2, 2, 3, true},
		{-1, 3, 4, true},
	} {
		t.Run(fmt.Sprintf("limit %d, %d dropped", row.limit, row.drops), func(t *testing.T) {
			port, attempts := dropping(t, int32(row.drops), s)
			_, err := p.create(values{"connection": s.connection(values{"port": port, "dialErrorLimit": row.limit}), "create": "true"}, false)
			if reached := err == nil; reached != row.reached {
				t.Errorf("error: %v; want reached: %v", err, row.reached)
			}
			if int(attempts.Load()) != row.attempts {
				t.Errorf("%d attempts; want %d", attempts.Load(), row.attempts)
			}
		})
	}
}

func TestAClosedPortIsAnError(t *testing.T) {
	p := startPlugin(t)
	_, err := p.create(values{"connection": values{"host": "127.0.0.1", "port": freePort(t), "password": "x", "dialErrorLimit": 0}, "create": "true"}, false)
	expectError(t, err, "connection refused")
}

// A listener whose queue is full leaves a TCP handshake unanswered, as a host that drops packets does.
func TestPerDialTimeoutEndsAnUnansweredDial(t *testing.T) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(t, err)
	t.Cleanup(func() { _ = syscall.Close(socket) })
	must(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, syscall.Listen(socket, 0))
	bound, err := syscall.Getsockname(socket)
	must(t, err)
	port := bound.(*syscall.SockaddrInet4).Port
	waitFor(t, "the queue is full", func() bool {
		conn, err := net.DialTimeout("tcp", fmt.Sprint("127.0.0.1:", port), 300*time.Millisecond)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
		}
		return err != nil
	})
	p, began := startPlugin(t), time.Now()
	_, err = p.create(values{"connection": values{"host": "127.0.0.1", "port": port, "password": "x", "dialErrorLimit": 0, "perDialTimeout": 1}, "create": "true"}, false)
	expectError(t, err, "i/o timeout")
	if took := time.Since(began); took < 900*time.Millisecond || took > 5*time.Second {
		t.Errorf("took %v; want about 1 s", took)
	}
}
