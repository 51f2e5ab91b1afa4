package main

import (
	"context"
	"fmt"
	"io"
	"strings"

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
		return fmt.Errorf("%w: running %q:\n%s", err, command, both.text())
	}
	state.Stdout = strings.TrimSuffix(stdout.text(), "\n")
	state.Stderr = strings.TrimSuffix(stderr.text(), "\n")
	return nil
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
