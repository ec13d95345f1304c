// Command load is the one load generator of all subjects: what a client costs is the same whatever is measured. It prints
// one JSON object on standard output.
//
// Closed loop (-rate 0): -clients logical clients, each with one request at a time. Open loop: requests leave at a fixed
// rate whatever the answers do, and a latency counts from the moment at which the request should have left.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

type settings struct {
	target    string
	endpoints []string
	cluster   string
	at        string
	clients   int
	conns     int
	warmup    time.Duration
	duration  time.Duration
	rate      float64
	valueSize int
	keys      int
	reads     float64
	level     string
	pids      []int
	// idle ones are of other subjects, which wait: their CPU is neither this subject's nor a stranger's.
	idle []int
	dir  string
	seed uint64
}

func parse() (settings, error) {
	var s settings
	var endpoints, pids, idle string
	flag.StringVar(&s.target, "target", "lean", "lean, etcd or zookeeper; floor: what this machine can do at all")
	flag.StringVar(&endpoints, "endpoints", "", "client addresses, with commas, in the order of the members")
	flag.StringVar(&s.cluster, "cluster", "bench", "lean: the cluster's id")
	flag.StringVar(&s.at, "at", "leader", "where requests go: leader, follower, any, or a place from 1 in the endpoints")
	flag.IntVar(&s.clients, "clients", 1, "logical clients; open loop: requests in flight at most")
	flag.IntVar(&s.conns, "conns", 8, "connections at most")
	flag.DurationVar(&s.warmup, "warmup", time.Second, "not measured")
	flag.DurationVar(&s.duration, "duration", 2*time.Second, "measured")
	flag.Float64Var(&s.rate, "rate", 0, "requests a second; 0: closed loop")
	flag.IntVar(&s.valueSize, "value", 256, "bytes of a value")
	flag.IntVar(&s.keys, "keys", 1000, "different keys")
	flag.Float64Var(&s.reads, "reads", 0, "share of reads, 0 to 1")
	flag.StringVar(&s.level, "level", "linearizable", "of reads: linearizable, sync or local")
	flag.StringVar(&pids, "pids", "", "server processes whose CPU is measured, with commas")
	whileStdin := flag.Bool("while-stdin", false, "end when standard input does: whoever started this has gone")
	flag.StringVar(&idle, "idle-pids", "", "processes of other subjects, with commas")
	flag.StringVar(&s.dir, "dir", os.TempDir(), "floor: where its files go")
	flag.Uint64Var(&s.seed, "seed", 1, "of keys, values and the mix of reads")
	flag.Parse()
	if *whileStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
	}
	s.endpoints = strings.Split(endpoints, ",")
	var err error
	if s.pids, err = numbers("-pids", pids); err != nil {
		return s, err
	}
	if s.idle, err = numbers("-idle-pids", idle); err != nil {
		return s, err
	}
	return s, s.check()
}

func numbers(name, list string) ([]int, error) {
	var out []int
	for _, text := range strings.Split(list, ",") {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no number", name, text)
		}
		out = append(out, n)
	}
	return out, nil
}

func (s settings) check() error {
	_, known := levels[s.level]
	switch {
	case s.endpoints[0] == "" && s.target != "floor":
		return fmt.Errorf("-endpoints are needed")
	case s.clients < 1 || s.conns < 1 || s.keys < 1 || s.valueSize < 1:
		return fmt.Errorf("-clients, -conns, -keys and -value must be at least 1")
	case s.duration <= 0 || s.warmup < 0 || s.rate < 0:
		return fmt.Errorf("-duration must be above 0, -warmup and -rate not below")
	case s.reads < 0 || s.reads > 1:
		return fmt.Errorf("-reads must be from 0 to 1")
	case !known:
		return fmt.Errorf("-level: no level %q", s.level)
	}
	return nil
}

// levels by the number they have in a READ frame.
var levels = map[string]byte{"linearizable": 1, "sync": 2, "local": 3}

func main() {
	s, err := parse()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(64)
	}
	var out result
	switch s.target {
	case "lean":
		out, err = runLean(s)
	case "etcd":
		out, err = runCalls(s, dialEtcd)
	case "zookeeper":
		out, err = runCalls(s, dialZooKeeper)
	case "floor":
		printFloor(s)
		return
	default:
		fmt.Fprintf(os.Stderr, "load: no target %q\n", s.target)
		os.Exit(64)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		os.Exit(1)
	}
}

func printFloor(s settings) {
	out, err := runFloor(s.dir)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
