package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// The contract tests speak to the plugin as the engine does, over gRPC, and to a real sshd on loopback.
// XCAT_HA_COMMAND_PLUGIN=/path/to/pulumi-resource-command runs them unchanged against the official plugin.

const urn = "urn:pulumi:s::p::command:remote:Command::c"

var pluginBinary string

func TestMain(m *testing.M) {
	os.Unsetenv("SSH_AUTH_SOCK")
	pluginBinary = os.Getenv("XCAT_HA_COMMAND_PLUGIN")
	folder, err := os.MkdirTemp("", "command-plugin")
	if err != nil {
		panic(err)
	}
	if pluginBinary == "" {
		pluginBinary = filepath.Join(folder, "pulumi-resource-command")
		if out, err := exec.Command("go", "build", "-o", pluginBinary, ".").CombinedOutput(); err != nil {
			fmt.Fprintln(os.Stderr, string(out))
			os.Exit(1)
		}
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// engine stands in for Pulumi's and keeps what the plugin logs.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	mutex sync.Mutex
	lines []string
}

func (e *engine) Log(_ context.Context, request *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if request.Severity >= pulumirpc.LogSeverity_INFO {
		e.lines = append(e.lines, request.Message)
	}
	return &emptypb.Empty{}, nil
}

func (e *engine) logged() string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return strings.Join(e.lines, "\n")
}

type provider struct {
	t      *testing.T
	client pulumirpc.ResourceProviderClient
	engine *engine
}

func startPlugin(t *testing.T, env ...string) *provider {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	host := &engine{}
	server := grpc.NewServer()
	pulumirpc.RegisterEngineServer(server, host)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)

	process := exec.Command(pluginBinary, listener.Addr().String())
	process.Env = append(os.Environ(), env...)
	process.Stderr = os.Stderr
	stdout, err := process.StdoutPipe()
	must(t, err)
	must(t, process.Start())
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	port, err := bufio.NewReader(stdout).ReadString('\n')
	must(t, err)
	conn, err := grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	p := &provider{t: t, client: pulumirpc.NewResourceProviderClient(conn), engine: host}
	_, err = p.client.Configure(context.Background(), &pulumirpc.ConfigureRequest{AcceptSecrets: true, AcceptResources: true})
	must(t, err)
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var keep = plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, KeepResources: true}

type values = map[string]any

// check is what the engine does first: it fills in defaults and marks secrets.
func (p *provider) check(inputs values) resource.PropertyMap {
	p.t.Helper()
	news, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(inputs), keep)
	must(p.t, err)
	response, err := p.client.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn, News: news})
	must(p.t, err)
	if len(response.Failures) > 0 {
		p.t.Fatalf("check: %v", response.Failures)
	}
	checked, err := plugin.UnmarshalProperties(response.Inputs, keep)
	must(p.t, err)
	return checked
}

func (p *provider) create(inputs values, preview bool) (resource.PropertyMap, error) {
	p.t.Helper()
	properties, err := plugin.MarshalProperties(p.check(inputs), keep)
	must(p.t, err)
	response, err := p.client.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn, Properties: properties, Preview: preview})
	if err != nil {
		return nil, err
	}
	state, err := plugin.UnmarshalProperties(response.Properties, keep)
	must(p.t, err)
	return state, nil
}

func (p *provider) mustCreate(inputs values) resource.PropertyMap {
	p.t.Helper()
	state, err := p.create(inputs, false)
	must(p.t, err)
	return state
}

func (p *provider) update(state resource.PropertyMap, olds, news values) (resource.PropertyMap, error) {
	p.t.Helper()
	return p.updates(state, olds, news, false)
}

func (p *provider) updates(state resource.PropertyMap, olds, news values, preview bool) (resource.PropertyMap, error) {
	p.t.Helper()
	response, err := p.client.Update(context.Background(), &pulumirpc.UpdateRequest{
		Id: "c", Urn: urn, Olds: p.marshal(state), OldInputs: p.marshal(p.check(olds)), News: p.marshal(p.check(news)), Preview: preview,
	})
	if err != nil {
		return nil, err
	}
	updated, err := plugin.UnmarshalProperties(response.Properties, keep)
	must(p.t, err)
	return updated, nil
}

func (p *provider) remove(state resource.PropertyMap) error {
	p.t.Helper()
	_, err := p.client.Delete(context.Background(), &pulumirpc.DeleteRequest{Id: "c", Urn: urn, Properties: p.marshal(state)})
	return err
}

func (p *provider) refresh(state resource.PropertyMap, inputs values) resource.PropertyMap {
	p.t.Helper()
	response, err := p.client.Read(context.Background(), &pulumirpc.ReadRequest{Id: "c", Urn: urn, Properties: p.marshal(state), Inputs: p.marshal(p.check(inputs))})
	must(p.t, err)
	properties, err := plugin.UnmarshalProperties(response.Properties, keep)
	must(p.t, err)
	return properties
}

func (p *provider) diff(state resource.PropertyMap, olds, news values) *pulumirpc.DiffResponse {
	p.t.Helper()
	response, err := p.client.Diff(context.Background(), &pulumirpc.DiffRequest{
		Id: "c", Urn: urn, Olds: p.marshal(state), OldInputs: p.marshal(p.check(olds)), News: p.marshal(p.check(news)),
	})
	must(p.t, err)
	return response
}

func (p *provider) marshal(properties resource.PropertyMap) *structpb.Struct {
	p.t.Helper()
	out, err := plugin.MarshalProperties(properties, keep)
	must(p.t, err)
	return out
}

// text reads an output whether it is secret or not.
func text(state resource.PropertyMap, key resource.PropertyKey) string {
	value := state[key]
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}
