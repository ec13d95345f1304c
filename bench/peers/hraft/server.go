package main

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"os"
	"strconv"

	"github.com/hashicorp/raft"

	"synod/bench/peers/frames"
)

type server struct {
	settings settings
	node     *raft.Raft
	store    *counted
}

func (s *server) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go s.serve(conn)
	}
}

// pending is a reply that is ready, or one that waits for its entry.
type pending struct {
	ready  []byte
	client uint32
	seq    uint64
	future raft.ApplyFuture
	err    error
}

// depth of the replies that one connection may have outstanding.
const depth = 8192

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	in := frames.NewReader(conn)
	if !s.greet(conn, in) {
		return
	}
	replies := make(chan pending, depth)
	defer close(replies)
	answers := make(chan pending, depth)
	go wait(replies, answers)
	go s.reply(conn, answers)
	for {
		kind, body, err := in.Next()
		if err != nil || len(body) < 12 {
			return
		}
		client, seq := binary.BigEndian.Uint32(body), binary.BigEndian.Uint64(body[4:])
		switch kind {
		case frames.Write:
			if s.node.State() != raft.Leader {
				replies <- pending{ready: s.notLeader(client, seq)}
				continue
			}
			command := append(make([]byte, 0, len(body)), body...)
			replies <- pending{client: client, seq: seq, future: s.node.Apply(command, 0)}
		case frames.Status:
			replies <- pending{ready: s.status(client, seq)}
		default:
			// The state machine keeps nothing that could be read.
			replies <- pending{ready: s.notLeader(client, seq)}
		}
	}
}

func (s *server) greet(conn net.Conn, in *frames.Reader) bool {
	kind, body, err := in.Next()
	if err != nil || kind != frames.Hello || len(body) < 3 || body[0] != frames.Version {
		return false
	}
	if len(body) < 3+int(body[2]) || string(body[3:3+int(body[2])]) != s.settings.cluster {
		refused := frames.Text(frames.Begin(nil, frames.Refused), "another cluster")
		_, _ = conn.Write(frames.End(refused, 0))
		return false
	}
	welcome := frames.Begin(nil, frames.Welcome)
	welcome = frames.Text(welcome, s.settings.cluster)
	welcome = frames.Text(welcome, "hashicorp/raft")
	welcome = binary.BigEndian.AppendUint16(welcome, uint16(s.settings.ordinal))
	welcome = frames.Text(welcome, "n"+strconv.Itoa(s.settings.ordinal))
	welcome = binary.BigEndian.AppendUint64(welcome, 1)
	_, err = conn.Write(frames.End(welcome, 0))
	return err == nil
}

// wait passes on what is decided, in the order of the requests. Apart from reply, so that no answer waits for a later one.
func wait(replies <-chan pending, answers chan<- pending) {
	defer close(answers)
	for p := range replies {
		if p.ready == nil {
			p.err = p.future.Error()
		}
		answers <- p
	}
}

// reply writes as many answers as there are with one write.
func (s *server) reply(conn net.Conn, answers <-chan pending) {
	out := make([]byte, 0, 64<<10)
	broken := false
	for p := range answers {
		out = s.append(out, p)
		if len(answers) > 0 && len(out) < 64<<10 {
			continue
		}
		if !broken {
			_, err := conn.Write(out)
			broken = err != nil
		}
		out = out[:0]
	}
}

func (s *server) append(out []byte, p pending) []byte {
	if p.ready != nil {
		return append(out, p.ready...)
	}
	switch p.err {
	case nil:
		start := len(out)
		out = frames.Request(frames.Begin(out, frames.Reply), p.client, p.seq)
		out = append(out, frames.OK)
		return frames.End(binary.BigEndian.AppendUint64(out, p.future.Index()), start)
	case raft.ErrNotLeader, raft.ErrEnqueueTimeout:
		return append(out, s.notLeader(p.client, p.seq)...)
	default:
		return append(out, s.refusal(p.client, p.seq, frames.Unknown)...)
	}
}

func (s *server) notLeader(client uint32, seq uint64) []byte {
	return s.refusal(client, seq, frames.Failed)
}

func (s *server) refusal(client uint32, seq uint64, outcome byte) []byte {
	frame := frames.Request(frames.Begin(nil, frames.Reply), client, seq)
	frame = append(frame, outcome, 1)
	return frames.End(binary.BigEndian.AppendUint16(frame, uint16(s.leader())), 0)
}

func (s *server) leader() int {
	_, id := s.node.LeaderWithID()
	ordinal, err := strconv.Atoi(string(id))
	if err != nil {
		return 0
	}
	return ordinal
}

func (s *server) status(client uint32, seq uint64) []byte {
	text, err := json.Marshal(map[string]any{
		"id": "n" + strconv.Itoa(s.settings.ordinal), "pid": os.Getpid(), "protocol": "hashicorp/raft",
		"role": s.node.State().String(), "leader": s.leader(),
		"applied": s.node.AppliedIndex(), "syncs": s.store.appends.Load(),
	})
	if err != nil {
		text = []byte("{}")
	}
	frame := frames.Request(frames.Begin(nil, frames.StatusReply), client, seq)
	return frames.End(append(frame, text...), 0)
}
