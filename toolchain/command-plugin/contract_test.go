package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func expectText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func expectError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; expected one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not hold %q", err, part)
		}
	}
}

func TestCreateCapturesBothStreamsAndPassesStdin(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	state := p.mustCreate(values{"connection": s.connection(nil), "create": "cat; echo oops >&2", "stdin": "a 'b' $(c)\nd"})
	expectText(t, "stdout", text(state, "stdout"), "a 'b' $(c)\nd")
	expectText(t, "stderr", text(state, "stderr"), "oops")
}

func TestUpdateRunsUpdateElseCreateAndDeleteRunsDelete(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	log := filepath.Join(s.folder, "log")
	olds := values{"connection": s.connection(nil), "create": "echo create >>" + log, "stdin": "1"}
	news := values{"connection": s.connection(nil), "create": "echo create >>" + log, "stdin": "2", "delete": "cat >>" + log}
	state := p.mustCreate(olds)
	state, err := p.update(state, olds, news)
	must(t, err)
	withUpdate := values{"connection": s.connection(nil), "create": "false", "update": "echo update >>" + log, "stdin": "bye", "delete": "cat >>" + log}
	state, err = p.update(state, news, withUpdate)
	must(t, err)
	must(t, p.remove(state))
	expectText(t, "what ran", read(t, log), "create\ncreate\nupdate\nbye")
}

func TestDeleteWithoutACommandDialsNobody(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	state := p.mustCreate(values{"connection": s.connection(nil), "create": "true"})
	state["connection"] = resource.NewObjectProperty(resource.NewPropertyMapFromMap(s.connection(values{"port": freePort(t)})))
	must(t, p.remove(state))
}

func TestAFailureNamesStatusCommandAndOutput(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	_, err := p.create(values{"connection": s.connection(nil), "create": "echo out; echo err >&2; exit 7"}, false)
	expectError(t, err, "Process exited with status 7: running \"echo out; echo err >&2; exit 7\":\n", "out\n", "err\n")
}

func TestPreviewDialsNobody(t *testing.T) {
	p := startPlugin(t)
	_, err := p.create(values{"connection": values{"host": "127.0.0.1", "port": freePort(t), "password": "x"}, "create": "true"}, true)
	must(t, err)
}

func TestPreviousOutputIsInTheEnvironmentWhereSshdAllowsIt(t *testing.T) {
	p, s := startPlugin(t), startSshd(t, "AcceptEnv=PULUMI_COMMAND_*")
	olds := values{"connection": s.connection(nil), "create": "echo one; echo two >&2"}
	news := values{"connection": s.connection(nil), "create": "echo one; echo two >&2", "update": "echo $PULUMI_COMMAND_STDOUT-$PULUMI_COMMAND_STDERR"}
	state, err := p.update(p.mustCreate(olds), olds, news)
	must(t, err)
	expectText(t, "stdout", text(state, "stdout"), "one-two")
	off := values{"connection": s.connection(nil), "create": "true", "update": "echo x$PULUMI_COMMAND_STDOUT", "addPreviousOutputInEnv": false}
	state, err = p.update(state, news, off)
	must(t, err)
	expectText(t, "stdout without", text(state, "stdout"), "x")
}

func TestEnvironment(t *testing.T) {
	t.Run("is set where sshd allows it", func(t *testing.T) {
		p, s := startPlugin(t), startSshd(t, "AcceptEnv=ALLOWED")
		state := p.mustCreate(values{"connection": s.connection(nil), "create": "echo \"$ALLOWED\"", "environment": values{"ALLOWED": "a b"}})
		expectText(t, "stdout", text(state, "stdout"), "a b")
	})
	t.Run("is an error, and nothing runs, where sshd refuses it", func(t *testing.T) {
		p, s := startPlugin(t), startSshd(t)
		mark := filepath.Join(s.folder, "ran")
		_, err := p.create(values{"connection": s.connection(nil), "create": "touch " + mark, "environment": values{"REFUSED": "x"}}, false)
		expectError(t, err, "REFUSED")
		if _, err := os.Stat(mark); err == nil {
			t.Error("the command ran")
		}
	})
}

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
	for try := 0; ; try++ {
		if _, err := os.Stat(socket); err == nil || try > 5_000_000 {
			break
		}
	}
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

// Each dial is an accepted and dropped TCP connection: a limit of n errors is n+1 attempts.
func TestDialErrorLimit(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	attempts := make(chan struct{}, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			attempts <- struct{}{}
			_ = conn.Close()
		}
	}()
	p := startPlugin(t)
	connection := values{"host": "127.0.0.1", "port": listener.Addr().(*net.TCPAddr).Port, "password": "x", "dialErrorLimit": 2}
	_, err = p.create(values{"connection": connection, "create": "true"}, false)
	expectError(t, err)
	if len(attempts) != 3 {
		t.Errorf("%d attempts; want 3", len(attempts))
	}
}

func TestLogging(t *testing.T) {
	for logging, want := range map[string]string{"stdout": "OUT", "stderr": "ERR", "stdoutAndStderr": "OUT ERR", "none": "", "": "OUT ERR"} {
		t.Run(logging, func(t *testing.T) {
			p, s := startPlugin(t), startSshd(t)
			inputs := values{"connection": s.connection(nil), "create": "echo OUT; echo ERR >&2"}
			if logging != "" {
				inputs["logging"] = logging
			}
			state := p.mustCreate(inputs)
			logged := p.engine.logged()
			for _, word := range []string{"OUT", "ERR"} {
				if strings.Contains(logged, word) != strings.Contains(want, word) {
					t.Errorf("logged %q; want %q", logged, want)
				}
			}
			expectText(t, "stdout is captured all the same", text(state, "stdout"), "OUT")
		})
	}
}

func TestDiff(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	base := func(more values) values {
		inputs := values{"connection": s.connection(nil), "create": "true", "stdin": "1", "triggers": []any{"a"}}
		for key, value := range more {
			inputs[key] = value
		}
		return inputs
	}
	state := p.mustCreate(base(nil))
	for _, row := range []struct {
		what    string
		change  values
		changes bool
		replace bool
	}{
		{"nothing", nil, false, false},
		{"stdin", values{"stdin": "2"}, true, false},
		{"create", values{"create": "echo"}, true, false},
		{"delete", values{"delete": "echo"}, true, false},
		{"logging", values{"logging": "none"}, true, false},
		{"connection", values{"connection": s.connection(values{"perDialTimeout": 9})}, true, false},
		// The SDK turns a changed element into a replacement too (replaceOnChanges "triggers[*]"); the plugin only reports it.
		{"an element of triggers", values{"triggers": []any{"b"}}, true, false},
		{"triggers that appear", values{"triggers": []any{"a", "b"}}, true, false},
	} {
		t.Run(row.what, func(t *testing.T) {
			diff := p.diff(state, base(nil), base(row.change))
			if changes := diff.Changes == pulumirpc.DiffResponse_DIFF_SOME; changes != row.changes {
				t.Errorf("changes: %v; want %v", changes, row.changes)
			}
			replaces := len(diff.Replaces) > 0
			for _, property := range diff.DetailedDiff {
				kind := property.Kind
				replaces = replaces || kind == pulumirpc.PropertyDiff_UPDATE_REPLACE || kind == pulumirpc.PropertyDiff_ADD_REPLACE
			}
			if replaces != row.replace {
				t.Errorf("replaces: %v %v; want %v", diff.Replaces, diff.DetailedDiff, row.replace)
			}
			if diff.DeleteBeforeReplace {
				t.Error("a replacement must be created before the old one is deleted")
			}
		})
	}
}

func TestTheConnectionIsSecretAndDefaultsAreFilled(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	checked := p.check(values{"connection": values{"host": "h", "privateKey": s.userKey}, "create": "true"})
	if !checked["connection"].IsSecret() {
		t.Error("the connection is not secret among the inputs")
	}
	state := p.mustCreate(values{"connection": s.connection(nil), "create": "true", "stdin": "x"})
	if !state["connection"].IsSecret() {
		t.Error("the connection is not secret in the state")
	}
	if !checked["addPreviousOutputInEnv"].BoolValue() {
		t.Error("addPreviousOutputInEnv has no default")
	}
}
