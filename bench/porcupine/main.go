// Runs porcupine on histories that the benchmark sends, and times the check alone.
//
// Standard input, one JSON object a line: {"load":{"kind":"register"|"text","ops":[[key,op,a,b,call,return],…]}} and then
// {"check":timeoutMs} as often as wanted. Standard output: {"verdict":"ok"|"violated"|"unknown","us":microseconds}.
// op: 0 read of a, 1 write of a, 2 cas a -> b, 3 failed cas (state != a), 4 append of a. Register values are numbers,
// text values index the list "texts". return -1: outcome unknown, so the operation is given the end of time as return.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

type load struct {
	Kind  string     `json:"kind"`
	Ops   [][6]int64 `json:"ops"`
	Texts []string   `json:"texts"`
	// Value of every key at the start: a register's number, or an index into texts.
	Initial int64 `json:"initial"`
}

type request struct {
	Load  *load `json:"load"`
	Check int64 `json:"check"`
}

type input struct {
	key     int64
	op      int64
	a, b    int64
	text    string
	unknown bool
}

func registerStep(state, in, _ interface{}) (bool, interface{}) {
	s := state.(int64)
	i := in.(input)
	switch i.op {
	case 0:
		return s == i.a, s
	case 1:
		return true, i.a
	case 2:
		// An unknown compare-and-set may also come to nothing.
		if s == i.a {
			return true, i.b
		}
		return i.unknown, s
	default:
		return s != i.a, s
	}
}

func textStep(state, in, _ interface{}) (bool, interface{}) {
	s := state.(string)
	i := in.(input)
	switch i.op {
	case 0:
		return s == i.text, s
	case 1:
		return true, i.text
	default:
		return true, s + i.text
	}
}

func partition(history []porcupine.Operation) [][]porcupine.Operation {
	place := map[int64]int{}
	var parts [][]porcupine.Operation
	for _, op := range history {
		key := op.Input.(input).key
		n, ok := place[key]
		if !ok {
			n = len(parts)
			place[key] = n
			parts = append(parts, nil)
		}
		parts[n] = append(parts[n], op)
	}
	return parts
}

func modelOf(l *load) porcupine.Model {
	if l.Kind == "text" {
		return porcupine.Model{
			Partition: partition,
			Init:      func() interface{} { return l.Texts[l.Initial] },
			Step:      textStep,
			Equal:     func(a, b interface{}) bool { return a.(string) == b.(string) },
			Hash: func(s interface{}) uint64 {
				h := fnv.New64a()
				h.Write([]byte(s.(string)))
				return h.Sum64()
			},
		}
	}
	return porcupine.Model{
		Partition: partition,
		Init:      func() interface{} { return l.Initial },
		Step:      registerStep,
		Equal:     func(a, b interface{}) bool { return a.(int64) == b.(int64) },
		Hash:      func(s interface{}) uint64 { return uint64(s.(int64)) * 0x9e3779b97f4a7c15 },
	}
}

func operationsOf(l *load) []porcupine.Operation {
	history := make([]porcupine.Operation, 0, len(l.Ops))
	for n, op := range l.Ops {
		in := input{key: op[0], op: op[1], a: op[2], b: op[3], unknown: op[5] < 0}
		if l.Kind == "text" {
			in.text = l.Texts[op[2]]
		}
		end := op[5]
		if end < 0 {
			end = math.MaxInt64
		}
		history = append(history, porcupine.Operation{ClientId: n, Input: in, Call: op[4], Return: end})
	}
	return history
}

func main() {
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	var model porcupine.Model
	var history []porcupine.Operation
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			fmt.Fprintln(os.Stderr, "porcupine bench:", err)
			os.Exit(64)
		}
		if r.Load != nil {
			model = modelOf(r.Load)
			history = operationsOf(r.Load)
			fmt.Println(`{"loaded":true}`)
			continue
		}
		started := time.Now()
		result := porcupine.CheckOperationsTimeout(model, history, time.Duration(r.Check)*time.Millisecond)
		us := float64(time.Since(started).Nanoseconds()) / 1000
		verdict := map[porcupine.CheckResult]string{porcupine.Ok: "ok", porcupine.Illegal: "violated", porcupine.Unknown: "unknown"}[result]
		fmt.Printf("{\"verdict\":%q,\"us\":%.3f}\n", verdict, us)
	}
}
