// Command hraft is one node of a hashicorp/raft cluster with raft-wal as its log. Its state machine does nothing, so what
// is measured is consensus and the disk. It serves Synod's own client protocol, so that clients cost the same as for a node
// of ours. One request is one log entry; the library groups them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

// nothing is the state machine.
type nothing struct{}

func (nothing) Apply(*raft.Log) any                  { return nil }
func (nothing) ApplyBatch(logs []*raft.Log) []any    { return make([]any, len(logs)) }
func (nothing) Snapshot() (raft.FSMSnapshot, error)  { return nothing{}, nil }
func (nothing) Restore(in io.ReadCloser) error       { return in.Close() }
func (nothing) Persist(sink raft.SnapshotSink) error { return sink.Close() }
func (nothing) Release()                             {}

// counted is the log with a count of its appends. raft-wal syncs once for each.
type counted struct {
	*wal.WAL
	appends atomic.Uint64
}

func (c *counted) StoreLog(log *raft.Log) error { return c.StoreLogs([]*raft.Log{log}) }

func (c *counted) StoreLogs(logs []*raft.Log) error {
	c.appends.Add(1)
	return c.WAL.StoreLogs(logs)
}

type settings struct {
	cluster, dir     string
	ordinal          int
	peers, clients   []string
	cache            int
	maxAppendEntries int
}

func parse() settings {
	var s settings
	var peers, clients string
	flag.StringVar(&s.cluster, "cluster", "bench", "a caller of another cluster is refused")
	flag.StringVar(&s.dir, "dir", "", "folder of this node's data")
	flag.IntVar(&s.ordinal, "ordinal", 1, "this node's place in the lists, from 1")
	flag.StringVar(&peers, "peers", "", "addresses for peers, with commas")
	flag.StringVar(&clients, "clients", "", "addresses for clients, with commas")
	flag.IntVar(&s.cache, "cache", 512, "entries of raft.LogCache in front of the log; 0: none")
	flag.IntVar(&s.maxAppendEntries, "max-append-entries", 512, "raft.Config.MaxAppendEntries")
	flag.Parse()
	s.peers = strings.Split(peers, ",")
	s.clients = strings.Split(clients, ",")
	if s.dir == "" || s.ordinal < 1 || s.ordinal > len(s.peers) || len(s.peers) != len(s.clients) {
		fmt.Fprintln(os.Stderr, "hraft: -dir, -ordinal, and as many -clients as -peers are needed")
		os.Exit(64)
	}
	return s
}

func main() {
	s := parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "hraft:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	logger := hclog.New(&hclog.LoggerOptions{Name: "hraft", Level: hclog.Warn, Output: os.Stderr})
	walDir := filepath.Join(s.dir, "wal")
	if err := os.MkdirAll(walDir, 0o755); err != nil {
		return err
	}
	opened, err := wal.Open(walDir, wal.WithLogger(logger))
	if err != nil {
		return err
	}
	store := &counted{WAL: opened}
	node, err := startRaft(s, store, logger)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.clients[s.ordinal-1])
	if err != nil {
		return err
	}
	server := &server{settings: s, node: node, store: store}
	go server.accept(listener)
	ready := map[string]any{
		"ready": true, "id": fmt.Sprintf("n%d", s.ordinal), "pid": os.Getpid(),
		"peer": s.peers[s.ordinal-1], "client": listener.Addr().String(),
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, syscall.SIGTERM, syscall.SIGINT)
	<-ending
	if err := node.Shutdown().Error(); err != nil {
		return err
	}
	return opened.Close()
}

func startRaft(s settings, store *counted, logger hclog.Logger) (*raft.Raft, error) {
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(strconv.Itoa(s.ordinal))
	config.Logger = logger
	config.MaxAppendEntries = s.maxAppendEntries
	config.BatchApplyCh = true
	// No snapshot is taken while a benchmark runs.
	config.SnapshotThreshold = 1 << 40
	address := s.peers[s.ordinal-1]
	transport, err := raft.NewTCPTransportWithLogger(address, nil, 3, 10*time.Second, logger)
	if err != nil {
		return nil, err
	}
	var logs raft.LogStore = store
	if s.cache > 0 {
		if logs, err = raft.NewLogCache(s.cache, store); err != nil {
			return nil, err
		}
	}
	node, err := raft.NewRaft(config, nothing{}, logs, store, raft.NewDiscardSnapshotStore(), transport)
	if err != nil {
		return nil, err
	}
	var members []raft.Server
	for i, peer := range s.peers {
		members = append(members, raft.Server{ID: raft.ServerID(strconv.Itoa(i + 1)), Address: raft.ServerAddress(peer)})
	}
	err = node.BootstrapCluster(raft.Configuration{Servers: members}).Error()
	if err != nil && err != raft.ErrCantBootstrap {
		return nil, err
	}
	return node, nil
}
