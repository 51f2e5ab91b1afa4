package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestTheConnectionIsSecretAndDefaultsAreFilled(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	checked := p.check(values{"connection": values{"host": "h", "privateKey": s.userKey, "proxy": values{"host": "b"}}, "create": "true"})
	if !checked["connection"].IsSecret() {
		t.Fatal("the connection is not secret among the inputs")
	}
	connection := checked["connection"].SecretValue().Element.ObjectValue()
	for _, end := range []resource.PropertyMap{connection, connection["proxy"].ObjectValue()} {
		expectText(t, "user", text(end, "user"), "root")
		for key, want := range map[resource.PropertyKey]float64{"port": 22, "dialErrorLimit": 10, "perDialTimeout": 15} {
			if got := end[key]; !got.IsNumber() || got.NumberValue() != want {
				t.Errorf("%s: got %v, want %v", key, got, want)
			}
		}
	}
	// Left out means true (TestPreviousOutputIsInTheEnvironmentWhereSshdAllowsIt), but Check does not write it down.
	if value, there := checked["addPreviousOutputInEnv"]; there {
		t.Errorf("addPreviousOutputInEnv: got %v, want it left out", value)
	}
	state := p.mustCreate(values{"connection": s.connection(nil), "create": "true"})
	if !state["connection"].IsSecret() {
		t.Error("the connection is not secret in the state")
	}
}

func TestSecretInputsStaySecretAndOutputsAreNot(t *testing.T) {
	p, s := startPlugin(t), startSshd(t, "AcceptEnv=TOKEN")
	secret := func(value string) resource.PropertyValue {
		return resource.MakeSecret(resource.NewStringProperty(value))
	}
	state := p.mustCreate(values{
		"connection": s.connection(nil), "create": secret("cat"), "stdin": secret("s3cret"), "delete": "true",
		"environment": values{"TOKEN": secret("t0ken")},
	})
	for key, want := range map[resource.PropertyKey]bool{"create": true, "stdin": true, "environment": true, "delete": false, "stdout": false, "stderr": false} {
		if got := state[key].ContainsSecrets(); got != want {
			t.Errorf("%s is secret: %v; want %v", key, got, want)
		}
	}
	expectText(t, "stdout", text(state, "stdout"), "s3cret")
}
