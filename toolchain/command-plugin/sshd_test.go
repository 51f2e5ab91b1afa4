package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"
)

// sshServer is a real sshd with keys of its own.
type sshServer struct {
	port                                   int
	folder, hostKey, userKey, encryptedKey string
}

func startSshd(t *testing.T, options ...string) *sshServer {
	t.Helper()
	s := &sshServer{folder: t.TempDir()}
	must(t, os.Chmod(s.folder, 0o755))
	file := func(name string) string { return filepath.Join(s.folder, name) }
	keygen := func(name, passphrase string) {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", file(name)).CombinedOutput()
		if err != nil {
			t.Fatalf("ssh-keygen: %v %s", err, out)
		}
	}
	keygen("host", "")
	keygen("user", "")
	keygen("encrypted", "pass word")
	authorized := read(t, file("user.pub")) + read(t, file("encrypted.pub"))
	must(t, os.WriteFile(file("authorized"), []byte(authorized), 0o644))
	s.hostKey, s.userKey, s.encryptedKey = read(t, file("host.pub")), read(t, file("user")), read(t, file("encrypted"))
	if os.Geteuid() == 0 {
		must(t, os.MkdirAll("/run/sshd", 0o755))
	}
	s.port = freePort(t)
	arguments := []string{"-D", "-e", "-f", "/dev/null", "-h", file("host"), "-o", fmt.Sprint("ListenAddress=127.0.0.1:", s.port),
		"-o", "AuthorizedKeysFile=" + file("authorized"), "-o", "StrictModes=no", "-o", "UsePAM=no", "-o", "PidFile=none", "-o", "PermitRootLogin=yes"}
	for _, option := range options {
		arguments = append(arguments, "-o", option)
	}
	process := exec.Command("/usr/sbin/sshd", arguments...)
	must(t, process.Start())
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	waitFor(t, "sshd answers", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", s.port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return s
}

func waitFor(t *testing.T, what string, seen func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !seen(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func (s *sshServer) connection(overrides values) values {
	connection := values{"host": "127.0.0.1", "port": s.port, "user": username(), "privateKey": s.userKey, "dialErrorLimit": 0, "perDialTimeout": 5}
	for key, value := range overrides {
		if value == nil {
			delete(connection, key)
		} else {
			connection[key] = value
		}
	}
	return connection
}

func username() string {
	me, err := user.Current()
	if err != nil {
		panic(err)
	}
	return me.Username
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	must(t, err)
	return string(content)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
