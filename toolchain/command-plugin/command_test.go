package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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
	withUpdate := values{"connection": s.connection(nil), "create": "false", "update": "echo update:$(cat) >>" + log, "stdin": "bye", "delete": "cat >>" + log}
	state, err = p.update(state, news, withUpdate)
	must(t, err)
	must(t, p.remove(state))
	expectText(t, "what ran", read(t, log), "create\ncreate\nupdate:bye\nbye")
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

func TestACommandEndedByASignalIsAnError(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	_, err := p.create(values{"connection": s.connection(nil), "create": "echo before; kill -TERM $$"}, false)
	expectError(t, err, "signal TERM", "before\n")
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
