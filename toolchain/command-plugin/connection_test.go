package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestHostKey(t *testing.T) {
	p, s, other := startPlugin(t), startSshd(t), startSshd(t)
	p.mustCreate(values{"connection": s.connection(values{"hostKey": s.hostKey}), "create": "true"})
	_, err := p.create(values{"connection": s.connection(values{"hostKey": other.hostKey}), "create": "true"}, false)
	expectError(t, err, "host key mismatch")
}

func TestAuthentication(t *testing.T) {
	p, s, other := startPlugin(t), startSshd(t), startSshd(t)
	_, err := p.create(values{"connection": s.connection(values{"privateKey": other.userKey}), "create": "true"}, false)
	expectError(t, err, "unable to authenticate")
	if strings.Contains(err.Error(), "PRIVATE KEY") {
		t.Error("the key stands in the error")
	}
	p.mustCreate(values{"connection": s.connection(values{"privateKey": s.encryptedKey, "privateKeyPassword": "pass word"}), "create": "true"})
	_, err = p.create(values{"connection": s.connection(values{"privateKey": s.encryptedKey, "privateKeyPassword": "wrong"}), "create": "true"}, false)
	expectError(t, err)
	_, err = p.create(values{"connection": s.connection(values{"privateKey": "no key"}), "create": "true"}, false)
	expectError(t, err)
}

func TestAgent(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	socket := filepath.Join(s.folder, "agent")
	agent := exec.Command("ssh-agent", "-D", "-a", socket)
	must(t, agent.Start())
	t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
	add := exec.Command("ssh-add", filepath.Join(s.folder, "user"))
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	waitFor(t, "ssh-agent listens", func() bool { _, err := os.Stat(socket); return err == nil })
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v %s", err, out)
	}
	p.mustCreate(values{"connection": s.connection(values{"privateKey": nil, "agentSocketPath": socket}), "create": "true"})
	fromEnvironment := startPlugin(t, "SSH_AUTH_SOCK="+socket)
	fromEnvironment.mustCreate(values{"connection": s.connection(values{"privateKey": nil}), "create": "true"})
	_, err := p.create(values{"connection": s.connection(values{"agentSocketPath": socket + ".gone"}), "create": "true"}, false)
	expectError(t, err)
}

func TestProxy(t *testing.T) {
	p, s, proxy := startPlugin(t), startSshd(t), startSshd(t)
	through := proxy.connection(values{"hostKey": proxy.hostKey})
	state := p.mustCreate(values{"connection": s.connection(values{"hostKey": s.hostKey, "proxy": through}), "create": "echo $SSH_CONNECTION"})
	if !strings.Contains(text(state, "stdout"), fmt.Sprint(s.port)) {
		t.Errorf("not the host behind the proxy: %q", text(state, "stdout"))
	}
	wrong := proxy.connection(values{"hostKey": s.hostKey})
	_, err := p.create(values{"connection": s.connection(values{"proxy": wrong}), "create": "true"}, false)
	expectError(t, err, "host key mismatch")
}
