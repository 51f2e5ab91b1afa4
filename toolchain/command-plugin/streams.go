package main

import (
	"bytes"
	"context"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
)

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
