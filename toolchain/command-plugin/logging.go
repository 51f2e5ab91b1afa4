package main

import "github.com/pulumi/pulumi-go-provider/infer"

// Logging says which streams are shown while a command runs. Both are always captured.
type Logging string

const (
	logStdout          Logging = "stdout"
	logStderr          Logging = "stderr"
	logStdoutAndStderr Logging = "stdoutAndStderr"
	logNone            Logging = "none"
)

// Values lists what the SDK's enumeration allows.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: string(logStdout), Value: logStdout},
		{Name: string(logStderr), Value: logStderr},
		{Name: string(logStdoutAndStderr), Value: logStdoutAndStderr},
		{Name: string(logNone), Value: logNone},
	}
}

// shows tells whether a stream is logged; nothing set means both.
func (l *Logging) shows(stream Logging) bool {
	return l == nil || *l == logStdoutAndStderr || *l == stream
}
