// Client of the official Go SDK: one JSON command a line on stdin, one JSON answer a line on stdout (see ../../judges.mjs).
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type command struct {
	Do        string         `json:"do"`
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments"`
}

var steps atomic.Int64

func obey(ctx context.Context, session *mcp.ClientSession, given command) (map[string]any, error) {
	params := &mcp.CallToolParams{Name: given.Tool, Arguments: given.Arguments}
	switch given.Do {
	case "list":
		listed, err := session.ListTools(ctx, nil)
		if err != nil {
			return nil, err
		}
		return map[string]any{"tools": len(listed.Tools)}, nil
	case "call":
		result, err := session.CallTool(ctx, params)
		if err != nil {
			return nil, err
		}
		texts := []string{}
		for _, part := range result.Content {
			if text, ok := part.(*mcp.TextContent); ok {
				texts = append(texts, text.Text)
			}
		}
		return map[string]any{"text": strings.Join(texts, " ")}, nil
	case "progress":
		steps.Store(0)
		params.SetProgressToken("judge")
		_, err := session.CallTool(ctx, params)
		// Notifications are handled beside the answer.
		time.Sleep(200 * time.Millisecond)
		return map[string]any{"steps": steps.Load()}, err
	case "cancel":
		short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		_, err := session.CallTool(short, params)
		return map[string]any{"cancelled": err != nil}, nil
	}
	return nil, fmt.Errorf("unknown command %q", given.Do)
}

func main() {
	ctx := context.Background()
	client := mcp.NewClient(&mcp.Implementation{Name: "judge", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { steps.Add(1) },
	})
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: os.Args[1]}, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	out.Encode(map[string]any{"ready": true})
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var given command
		json.Unmarshal(lines.Bytes(), &given)
		answer, err := obey(ctx, session, given)
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		out.Encode(answer)
	}
	session.Close()
}
