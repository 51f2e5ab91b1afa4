// A provider for the one resource that xcat-ha uses, command:remote:Command, for machines where the vendor's
// pulumi-resource-command cannot be downloaded. It keeps the contract of the official 1.2.1.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-go-provider/infer"
)

const version = "1.2.1"

func main() {
	provider, err := infer.NewProviderBuilder().
		WithDisplayName("command").
		WithDescription("command:remote:Command, as xcat-ha needs it").
		WithResources(infer.Resource(&Command{})).
		Build()
	if err == nil {
		err = provider.Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
