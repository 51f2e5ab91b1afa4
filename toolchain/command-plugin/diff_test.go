package main

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestDiff(t *testing.T) {
	p, s := startPlugin(t), startSshd(t)
	base := func(more values) values {
		inputs := values{"connection": s.connection(nil), "create": "true", "stdin": "1", "triggers": []any{"a"}}
		for key, value := range more {
			if value == nil {
				delete(inputs, key)
			} else {
				inputs[key] = value
			}
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
		{"update", values{"update": "echo"}, true, false},
		{"environment", values{"environment": values{"A": "b"}}, true, false},
		{"addPreviousOutputInEnv", values{"addPreviousOutputInEnv": false}, true, false},
		{"connection", values{"connection": s.connection(values{"perDialTimeout": 9})}, true, false},
		// The SDK turns a changed element into a replacement too (replaceOnChanges "triggers[*]"); the plugin only reports it.
		{"an element of triggers", values{"triggers": []any{"b"}}, true, false},
		{"one more element", values{"triggers": []any{"a", "b"}}, true, false},
		{"triggers that disappear", values{"triggers": nil}, true, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			diff := p.diff(state, base(nil), base(row.change))
			if changes := diff.Changes == pulumirpc.DiffResponse_DIFF_SOME; changes != row.changes {
				t.Errorf("changes: %v; want %v", changes, row.changes)
			}
			replaces := len(diff.Replaces) > 0
			for _, property := range diff.DetailedDiff {
				kind := property.Kind
				replaces = replaces || kind == pulumirpc.PropertyDiff_UPDATE_REPLACE || kind == pulumirpc.PropertyDiff_ADD_REPLACE || kind == pulumirpc.PropertyDiff_DELETE_REPLACE
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
