// What `oracle bench` does not say of Go's engine. It is no module: the report adds this file to the oracle's package while
// that is built (go build -overlay), so that both parse, decode and run the cases by the same code.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/template"
	"time"
)

// costs are figures of one case.
type costs struct {
	Group string `json:"group"`
	Name  string `json:"name"`
	// ParseShared parses with a table of functions that is made once, as KUDO's engine has it.
	ParseShared float64 `json:"parse_shared_ns"`
	// Data turns the JSON text into values.
	Data float64 `json:"data_ns"`
	// DataAndExec does that and runs the template.
	DataAndExec float64 `json:"data_and_exec_ns"`
	// ExecText runs the template into a buffer and returns its text.
	ExecText float64 `json:"exec_text_ns"`
	// Allocs and Allocated are what that allocates.
	Allocs    float64 `json:"allocs"`
	Allocated float64 `json:"allocated"`
}

// init takes the word `costs [-time D] [-match TEXT] FILE...` before main sees it.
func init() {
	if len(os.Args) < 2 || os.Args[1] != "costs" {
		return
	}
	time.Local = time.UTC
	if err := printCosts(os.Args[2:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func printCosts(args []string, out io.Writer) error {
	budget, match := 200*time.Millisecond, ""
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		var err error
		switch args[0] {
		case "-time":
			budget, err = time.ParseDuration(args[1])
		case "-match":
			match = args[1]
		default:
			err = fmt.Errorf("no flag %s", args[0])
		}
		if err != nil {
			return err
		}
		args = args[2:]
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, name := range args {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		err = eachCase(bytes.NewReader(text), func(c *Case) error {
			if !strings.Contains(c.Group+" "+c.Name, match) || answer(c).Error != nil {
				return nil
			}
			found, err := costsOf(c, budget)
			if err != nil {
				return err
			}
			return encoder.Encode(found)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func costsOf(c *Case, budget time.Duration) (*costs, error) {
	data, err := c.dot()
	if err != nil {
		return nil, err
	}
	parsed, err := parseCase(c)
	if err != nil {
		return nil, err
	}
	shared := functions()
	run := func() {
		var text bytes.Buffer
		_ = parsed.Execute(&text, data)
		runtime.KeepAlive(text.String())
	}
	allocs, size := memoryOf(run)
	return &costs{
		Group:       c.Group,
		Name:        c.Name,
		ParseShared: perRun(budget, func() { _ = parseWith(c, shared) }),
		Data:        perRun(budget, func() { _, _ = c.dot() }),
		DataAndExec: perRun(budget, func() {
			data, _ := c.dot()
			_ = parsed.Execute(io.Discard, data)
		}),
		ExecText:  perRun(budget, run),
		Allocs:    allocs,
		Allocated: size,
	}, nil
}

// memoryOf gives how many allocations a run makes, and of how many bytes.
func memoryOf(run func()) (allocs, size float64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const runs = 100
	run()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		run()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / runs, float64(after.TotalAlloc-before.TotalAlloc) / runs
}

// parseWith is the oracle's parseCase for the cases of operators, which have one template and no options.
func parseWith(c *Case, functions template.FuncMap) error {
	_, err := template.New("gotpl").Option("missingkey=error").Funcs(functions).New("tpl").Parse(c.Template)
	return err
}
