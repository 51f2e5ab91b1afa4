package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

const (
	firstPause  = 100 * time.Millisecond
	longestWait = 5 * time.Second
)

// retrying dials until it succeeds, the limit of errors is passed (-1: none) or the context ends.
func retrying(ctx context.Context, e *endpoint, dial func() (*ssh.Client, error)) (*ssh.Client, error) {
	limit := 10
	if e.DialErrorLimit != nil {
		limit = *e.DialErrorLimit
	}
	pause := firstPause
	for failures := 1; ; failures++ {
		client, err := dial()
		if err == nil {
			return client, nil
		}
		if limit >= 0 && failures > limit {
			return nil, fmt.Errorf("after %d failed attempts: %w", failures, err)
		}
		p.GetLogger(ctx).InfoStatusf("Dial %d/%d failed: retrying", failures, limit)
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
		pause = min(pause*3/2, longestWait)
	}
}

// dial opens the connection, through the proxy where there is one. The returned function closes everything.
func (c *Connection) dial(ctx context.Context) (*ssh.Client, func(), error) {
	config, closeAgent, err := c.clientConfig()
	if err != nil {
		return nil, closeAgent, err
	}
	if c.Proxy == nil {
		client, err := retrying(ctx, &c.endpoint, func() (*ssh.Client, error) { return ssh.Dial("tcp", c.address(), config) })
		if err != nil {
			closeAgent()
			return nil, func() {}, err
		}
		return client, func() { _ = client.Close(); closeAgent() }, nil
	}
	proxyConfig, closeProxyAgent, err := c.Proxy.clientConfig()
	closeAll := func() { closeAgent(); closeProxyAgent() }
	if err != nil {
		closeAll()
		return nil, func() {}, fmt.Errorf("proxy: %w", err)
	}
	proxy, err := retrying(ctx, &c.Proxy.endpoint, func() (*ssh.Client, error) { return ssh.Dial("tcp", c.Proxy.address(), proxyConfig) })
	if err != nil {
		closeAll()
		return nil, func() {}, fmt.Errorf("proxy: %w", err)
	}
	client, err := retrying(ctx, &c.endpoint, func() (*ssh.Client, error) { return throughProxy(proxy, c.address(), config) })
	if err != nil {
		_ = proxy.Close()
		closeAll()
		return nil, func() {}, err
	}
	return client, func() { _ = client.Close(); _ = proxy.Close(); closeAll() }, nil
}

func throughProxy(proxy *ssh.Client, address string, config *ssh.ClientConfig) (*ssh.Client, error) {
	conn, err := proxy.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	connection, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return ssh.NewClient(connection, channels, requests), nil
}
