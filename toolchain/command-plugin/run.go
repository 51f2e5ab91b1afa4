package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

// Names under which a command finds what the one before it printed.
const (
	previousStdout = "PULUMI_COMMAND_STDOUT"
	previousStderr = "PULUMI_COMMAND_STDERR"
)

// run executes one command on the host and fills stdout and stderr of the state. previous is the state before, or nil.
func run(ctx context.Context, command string, state, previous *CommandOutputs) error {
	client, closeAll, err := state.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer closeAll()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	if err := setEnvironment(ctx, session, state, previous); err != nil {
		return err
	}
	if state.Stdin != nil && *state.Stdin != "" {
		session.Stdin = strings.NewReader(*state.Stdin)
	}

	var stdout, stderr, both lockedBuffer
	logOut := &lineLogger{ctx: ctx, on: state.Logging.shows(logStdout)}
	logErr := &lineLogger{ctx: ctx, on: state.Logging.shows(logStderr)}
	session.Stdout = io.MultiWriter(&stdout, &both, logOut)
	session.Stderr = io.MultiWriter(&stderr, &both, logErr)
	err = session.Run(command)
	logOut.flush()
	logErr.flush()
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", describeExit(err), command, both.text())
	}
	state.Stdout = strings.TrimSuffix(stdout.text(), "\n")
	state.Stderr = strings.TrimSuffix(stderr.text(), "\n")
	return nil
}

// describeExit words an exit status as users of the official provider know it.
func describeExit(err error) error {
	var exit *ssh.ExitError
	if errors.As(err, &exit) && exit.Signal() == "" {
		return fmt.Errorf("Process exited with status %d", exit.ExitStatus()) //nolint:staticcheck // the contract's wording
	}
	return err
}

func setEnvironment(ctx context.Context, session *ssh.Session, state, previous *CommandOutputs) error {
	if previous != nil && (state.AddPreviousOutputInEnv == nil || *state.AddPreviousOutputInEnv) {
		for name, value := range map[string]string{previousStdout: previous.Stdout, previousStderr: previous.Stderr} {
			if err := session.Setenv(name, value); err != nil {
				p.GetLogger(ctx).Warningf("Unable to set %q: sshd must allow it by AcceptEnv, or set addPreviousOutputInEnv to false", name)
			}
		}
	}
	for name, value := range state.Environment {
		if err := session.Setenv(name, value); err != nil {
			return fmt.Errorf("could not set environment variable %q: sshd on the host must allow it by AcceptEnv; the command was not run: %w", name, err)
		}
	}
	return nil
}

// lockedBuffer collects what two streams write at once.
type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) text() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

// lineLogger shows whole lines while the command runs.
type lineLogger struct {
	ctx  context.Context
	on   bool
	rest []byte
}

func (l *lineLogger) Write(data []byte) (int, error) {
	if !l.on {
		return len(data), nil
	}
	l.rest = append(l.rest, data...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			return len(data), nil
		}
		p.GetLogger(l.ctx).Info(string(l.rest[:end]))
		l.rest = l.rest[end+1:]
	}
}

func (l *lineLogger) flush() {
	if l.on && len(l.rest) > 0 {
		p.GetLogger(l.ctx).Info(string(l.rest))
	}
	l.rest = nil
}
