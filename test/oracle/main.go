// The oracle of the differential tests: the engine, the storage and the rules of Prometheus 3, as its own Go module, behind
// lines of JSON. Each line of standard input is one request, each line of standard output its answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"
)

type sample struct {
	Labels map[string]string `json:"labels"`
	Time   int64             `json:"time"`
	Value  string            `json:"value"`
	Stale  bool              `json:"isStale"`
}

type request struct {
	Kind string `json:"kind"`
	// write
	Samples []sample `json:"samples"`
	// query: one moment, or from Start to End
	Expression string `json:"expression"`
	At         int64  `json:"at"`
	Start      int64  `json:"start"`
	End        int64  `json:"end"`
	Step       int64  `json:"step"`
	// rules: a rule file, evaluated at each of the times
	Rules string  `json:"rules"`
	Times []int64 `json:"times"`
}

type answer struct {
	Error  string   `json:"error,omitempty"`
	Type   string   `json:"type,omitempty"`
	Result []series `json:"result,omitempty"`
	Text   string   `json:"text,omitempty"`
	// Alerts at each of the times of a request for rules.
	Steps   [][]alert `json:"steps,omitempty"`
	Version string    `json:"version,omitempty"`
}

// Points are pairs of milliseconds and value.
type series struct {
	Labels map[string]string `json:"labels"`
	Points [][2]string       `json:"points"`
}

type alert struct {
	Name        string            `json:"name"`
	State       string            `json:"state"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Value       string            `json:"value"`
	Error       string            `json:"error,omitempty"`
}

type oracle struct {
	db     *tsdb.DB
	engine *promql.Engine
	parser parser.Parser
}

func main() {
	folder, err := os.MkdirTemp("", "oracle-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	options := tsdb.DefaultOptions()
	options.RetentionDuration = int64(1000 * 24 * time.Hour / time.Millisecond)
	options.OutOfOrderTimeWindow = int64(1000 * 24 * time.Hour / time.Millisecond)
	db, err := tsdb.Open(folder, slog.New(slog.NewTextHandler(io.Discard, nil)), prometheus.NewRegistry(), options, nil)
	if err != nil {
		panic(err)
	}
	defer db.Close()
	p := parser.NewParser(parser.Options{EnableExperimentalFunctions: true, ExperimentalDurationExpr: true})
	o := &oracle{db: db, parser: p, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples:           50_000_000,
		Timeout:              time.Minute,
		LookbackDelta:        5 * time.Minute,
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
		Parser:               p,
		// The interval of rules, which a real one takes from its configuration.
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			written, problem := json.Marshal(o.answer(line))
			if problem != nil {
				panic(problem)
			}
			out.Write(written)
			out.WriteByte('\n')
			if in.Buffered() == 0 {
				out.Flush()
			}
		}
		if err != nil {
			out.Flush()
			return
		}
	}
}

func (o *oracle) answer(line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	switch asked.Kind {
	case "version":
		return answer{Version: version()}
	case "write":
		return o.write(asked.Samples)
	case "query":
		return o.query(asked)
	case "format":
		return o.format(asked.Expression)
	case "rules":
		return o.evaluate(asked)
	default:
		return answer{Error: "no such request: " + asked.Kind}
	}
}

// The version of the Go module: v0.314.0 is Prometheus 3.14.0.
func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path != "github.com/prometheus/prometheus" {
			continue
		}
		parts := strings.Split(strings.TrimPrefix(module.Version, "v"), ".")
		both, _ := strconv.Atoi(parts[1])
		return fmt.Sprintf("%d.%d.%s", both/100, both%100, parts[2])
	}
	return "unknown"
}

func (o *oracle) write(samples []sample) answer {
	appender := o.db.Appender(context.Background())
	for _, one := range samples {
		number, err := strconv.ParseFloat(one.Value, 64)
		if err != nil {
			return answer{Error: err.Error()}
		}
		if one.Stale {
			number = math.Float64frombits(value.StaleNaN)
		}
		if _, err := appender.Append(0, labels.FromMap(one.Labels), one.Time, number); err != nil {
			return answer{Error: err.Error()}
		}
	}
	if err := appender.Commit(); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{}
}

func (o *oracle) query(asked request) answer {
	ctx := context.Background()
	var query promql.Query
	var err error
	if asked.Step > 0 {
		step := time.Duration(asked.Step) * time.Millisecond
		query, err = o.engine.NewRangeQuery(ctx, o.db, nil, asked.Expression, timestamp.Time(asked.Start), timestamp.Time(asked.End), step)
	} else {
		query, err = o.engine.NewInstantQuery(ctx, o.db, nil, asked.Expression, timestamp.Time(asked.At))
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return answer{Error: result.Err.Error()}
	}
	return valueOf(result.Value)
}

func (o *oracle) format(text string) answer {
	expression, err := o.parser.ParseExpr(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: expression.Pretty(0)}
}

func valueOf(result parser.Value) answer {
	found := answer{Type: string(result.Type())}
	switch typed := result.(type) {
	case promql.Scalar:
		found.Result = []series{{Labels: map[string]string{}, Points: [][2]string{point(typed.T, typed.V)}}}
	case promql.String:
		found.Text = typed.V
	case promql.Vector:
		for _, one := range typed {
			if one.H != nil {
				return answer{Error: "a native histogram"}
			}
			found.Result = append(found.Result, series{one.Metric.Map(), [][2]string{point(one.T, one.F)}})
		}
	case promql.Matrix:
		for _, one := range typed {
			if len(one.Histograms) > 0 {
				return answer{Error: "a native histogram"}
			}
			points := make([][2]string, 0, len(one.Floats))
			for _, each := range one.Floats {
				points = append(points, point(each.T, each.F))
			}
			found.Result = append(found.Result, series{one.Metric.Map(), points})
		}
	}
	return found
}

func point(at int64, number float64) [2]string {
	return [2]string{strconv.FormatInt(at, 10), strconv.FormatFloat(number, 'g', -1, 64)}
}

func (o *oracle) evaluate(asked request) answer {
	file, problems := rulefmt.Parse([]byte(asked.Rules), false, model.UTF8Validation, o.parser, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if len(problems) > 0 {
		return answer{Error: problems[0].Error()}
	}
	external, _ := url.Parse("http://127.0.0.1:9090")
	options := &rules.ManagerOptions{
		Appendable:  o.db,
		Queryable:   o.db,
		QueryFunc:   rules.EngineQueryFunc(o.engine, o.db),
		Context:     context.Background(),
		ExternalURL: external,
		Logger:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		NotifyFunc:  func(context.Context, string, ...*rules.Alert) {},
		Parser:      o.parser,
	}
	// Sets what a group expects of its options.
	rules.NewManager(options)
	groups := make([]*rules.Group, 0, len(file.Groups))
	for _, one := range file.Groups {
		all := make([]rules.Rule, 0, len(one.Rules))
		for _, rule := range one.Rules {
			all = append(all, o.ruleOf(rule, external.String(), options.Logger))
		}
		groups = append(groups, rules.NewGroup(rules.GroupOptions{
			Name: one.Name, File: "rules.yml", Interval: 15 * time.Second, Rules: all, Opts: options,
		}))
	}
	steps := make([][]alert, 0, len(asked.Times))
	for _, at := range asked.Times {
		found := []alert{}
		for _, group := range groups {
			group.Eval(context.Background(), timestamp.Time(at))
			found = append(found, alertsOf(group)...)
		}
		steps = append(steps, found)
	}
	return answer{Steps: steps}
}

func (o *oracle) ruleOf(rule rulefmt.Rule, external string, logger *slog.Logger) rules.Rule {
	expression, err := o.parser.ParseExpr(rule.Expr)
	if err != nil {
		panic(err)
	}
	if rule.Alert == "" {
		return rules.NewRecordingRule(rule.Record, expression, labels.FromMap(rule.Labels))
	}
	return rules.NewAlertingRule(rule.Alert, expression, time.Duration(rule.For), time.Duration(rule.KeepFiringFor),
		labels.FromMap(rule.Labels), labels.FromMap(rule.Annotations), labels.EmptyLabels(), external, true, logger)
}

func alertsOf(group *rules.Group) []alert {
	found := []alert{}
	for _, rule := range group.Rules() {
		if err := rule.LastError(); err != nil {
			found = append(found, alert{Name: rule.Name(), Error: err.Error()})
		}
		alerting, isAlerting := rule.(*rules.AlertingRule)
		if !isAlerting {
			continue
		}
		for _, one := range alerting.ActiveAlerts() {
			found = append(found, alert{
				Name: rule.Name(), State: one.State.String(), Labels: one.Labels.Map(), Annotations: one.Annotations.Map(),
				Value: strconv.FormatFloat(one.Value, 'g', -1, 64),
			})
		}
	}
	return found
}
