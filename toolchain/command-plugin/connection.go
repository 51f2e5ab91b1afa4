package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// endpoint is what a connection and its proxy have in common.
type endpoint struct {
	User               *string `pulumi:"user,optional"`
	Password           *string `pulumi:"password,optional"`
	Host               string  `pulumi:"host"`
	Port               *int    `pulumi:"port,optional"`
	PrivateKey         *string `pulumi:"privateKey,optional"`
	PrivateKeyPassword *string `pulumi:"privateKeyPassword,optional"`
	HostKey            *string `pulumi:"hostKey,optional"`
	AgentSocketPath    *string `pulumi:"agentSocketPath,optional"`
	DialErrorLimit     *int    `pulumi:"dialErrorLimit,optional"`
	PerDialTimeout     *int    `pulumi:"perDialTimeout,optional"`
}

// Connection says how to reach the host.
type Connection struct {
	endpoint
	Proxy *ProxyConnection `pulumi:"proxy,optional"`
}

// ProxyConnection says how to reach a bastion host.
type ProxyConnection struct {
	endpoint
}

func annotateEndpoint(a infer.Annotator, e *endpoint) {
	a.SetDefault(&e.User, "root")
	a.SetDefault(&e.Port, 22)
	a.SetDefault(&e.DialErrorLimit, 10)
	a.SetDefault(&e.PerDialTimeout, 15)
}

// Annotate sets the defaults of the npm SDK.
func (c *Connection) Annotate(a infer.Annotator) { annotateEndpoint(a, &c.endpoint) }

// Annotate sets the defaults of the npm SDK.
func (c *ProxyConnection) Annotate(a infer.Annotator) { annotateEndpoint(a, &c.endpoint) }

func (e *endpoint) address() string {
	port := 22
	if e.Port != nil {
		port = *e.Port
	}
	return net.JoinHostPort(e.Host, strconv.Itoa(port))
}

// clientConfig offers the agent's keys and the key or password. The agent's connection is closed by the caller.
func (e *endpoint) clientConfig() (*ssh.ClientConfig, func(), error) {
	config := &ssh.ClientConfig{User: "root", HostKeyCallback: ssh.InsecureIgnoreHostKey()} //nolint:gosec // the contract: unchecked without hostKey
	closeAgent := func() {}
	if e.User != nil {
		config.User = *e.User
	}
	if e.PerDialTimeout != nil {
		config.Timeout = time.Duration(*e.PerDialTimeout) * time.Second
	}
	if e.HostKey != nil {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
		if err != nil {
			return nil, closeAgent, fmt.Errorf("failed to parse host key: %w", err)
		}
		config.HostKeyCallback = ssh.FixedHostKey(key)
		config.HostKeyAlgorithms = []string{key.Type()}
	}
	if e.PrivateKey != nil {
		signer, err := parseKey(*e.PrivateKey, e.PrivateKeyPassword)
		if err != nil {
			return nil, closeAgent, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if e.Password != nil {
		password := *e.Password
		config.Auth = append(config.Auth, ssh.Password(password), ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range questions {
					answers[i] = password
				}
				return answers, nil
			}))
	}
	if socket := e.agentSocket(); socket != "" {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return nil, closeAgent, fmt.Errorf("failed to dial SSH agent: %w", err)
		}
		closeAgent = func() { _ = conn.Close() }
		config.Auth = append(config.Auth, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
	}
	return config, closeAgent, nil
}

func (e *endpoint) agentSocket() string {
	if e.AgentSocketPath != nil {
		return *e.AgentSocketPath
	}
	return os.Getenv("SSH_AUTH_SOCK")
}

// parseKey never puts the key into an error.
func parseKey(key string, password *string) (ssh.Signer, error) {
	if password != nil {
		signer, err := ssh.ParsePrivateKeyWithPassphrase([]byte(key), []byte(*password))
		if err != nil {
			return nil, fmt.Errorf("failed to parse private key with its password: %w", err)
		}
		return signer, nil
	}
	signer, err := ssh.ParsePrivateKey([]byte(key))
	if err != nil {
		return nil, fmt.Errorf("failed to parse private key: %w", err)
	}
	return signer, nil
}
