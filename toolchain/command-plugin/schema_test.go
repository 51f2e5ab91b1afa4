package main

import (
	"context"
	"encoding/json"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestTheSchemaIsTheOneOfTheSdk(t *testing.T) {
	p := startPlugin(t)
	response, err := p.client.GetSchema(context.Background(), &pulumirpc.GetSchemaRequest{})
	must(t, err)
	var schema struct {
		Name, Version string
		Resources     map[string]struct {
			InputProperties map[string]any
			RequiredInputs  []string
			Required        []string
		}
	}
	must(t, json.Unmarshal([]byte(response.Schema), &schema))
	expectText(t, "name", schema.Name, "command")
	info, err := p.client.GetPluginInfo(context.Background(), nil)
	must(t, err)
	expectText(t, "version", info.Version, "1.2.1")
	command, there := schema.Resources["command:remote:Command"]
	if !there {
		t.Fatal("no command:remote:Command")
	}
	if len(command.RequiredInputs) != 1 || command.RequiredInputs[0] != "connection" {
		t.Errorf("required inputs: %v; want connection", command.RequiredInputs)
	}
	for _, input := range []string{"connection", "create", "update", "delete", "stdin", "environment", "triggers", "logging", "addPreviousOutputInEnv"} {
		if _, there := command.InputProperties[input]; !there {
			t.Errorf("no input %q", input)
		}
	}
}
