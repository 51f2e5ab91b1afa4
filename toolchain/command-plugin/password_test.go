package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"testing"

	"golang.org/x/crypto/ssh"
)

// passwordServer takes one password and says yes to every command; sshd would need an account with a password.
func passwordServer(t *testing.T, password string) int {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	must(t, err)
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
		if string(given) != password {
			return nil, errors.New("wrong password")
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go sayYes(conn, config)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func sayYes(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, calls, err := offered.Accept()
		if err != nil {
			return
		}
		for call := range calls {
			_ = call.Reply(call.Type == "exec", nil)
			if call.Type == "exec" {
				_, _ = channel.Write([]byte("yes\n"))
				_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
				_ = channel.Close()
			}
		}
	}
}

func TestPassword(t *testing.T) {
	p, port := startPlugin(t), passwordServer(t, "it's $(secret)")
	connection := func(password string) values {
		return values{"host": "127.0.0.1", "port": port, "password": password, "dialErrorLimit": 0}
	}
	state := p.mustCreate(values{"connection": connection("it's $(secret)"), "create": "true"})
	expectText(t, "stdout", text(state, "stdout"), "yes")
	_, err := p.create(values{"connection": connection("guess"), "create": "true"}, false)
	expectError(t, err, "unable to authenticate")
}
