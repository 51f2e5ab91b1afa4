package main

import (
	"testing"
)

// nobody is a port at which a dial would fail at once.
func nobody(t *testing.T) values {
	return values{"host": "127.0.0.1", "port": freePort(t), "password": "x", "dialErrorLimit": 0}
}

func TestPreviewDialsNobodyAndOutputsAreUnknown(t *testing.T) {
	p := startPlugin(t)
	inputs := values{"connection": nobody(t), "create": "true"}
	state, err := p.create(inputs, true)
	must(t, err)
	if !state["stdout"].IsComputed() || !state["stderr"].IsComputed() {
		t.Errorf("known in the preview of a create: %v %v", state["stdout"], state["stderr"])
	}
}

func TestPreviewOfAnUpdateDialsNobodyAndOutputsAreUnknown(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	olds := values{"connection": s.connection(nil), "create": "echo one"}
	state := p.mustCreate(olds)
	state, err := p.updates(state, olds, values{"connection": nobody(t), "create": "echo two"}, true)
	must(t, err)
	if !state["stdout"].IsComputed() {
		t.Errorf("known in the preview of an update: %v", state["stdout"])
	}
}

func TestRefreshReportsTheStateAndDialsNobody(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	inputs := values{"connection": s.connection(nil), "create": "date +%N"}
	state := p.mustCreate(inputs)
	if read := p.refresh(state, inputs); !read.DeepEquals(state) {
		t.Errorf("refresh changed the state: %v; was %v", read, state)
	}
}
