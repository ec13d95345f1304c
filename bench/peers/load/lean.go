package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"synod/bench/peers/frames"
)

// leaderWithin is how long a cluster may take until one of its nodes takes a write.
const leaderWithin = 20 * time.Second

// drainWithin is how long answers are waited for after an open loop's last request.
const drainWithin = 5 * time.Second

var errLeaderChanged = errors.New("the leader changed during the run")

type leanConn struct {
	net.Conn
	in *frames.Reader
}

func dialLean(address, cluster string) (*leanConn, error) {
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		return nil, err
	}
	in := frames.NewReader(conn)
	if err := frames.SayHello(conn, cluster); err != nil {
		return nil, err
	}
	if _, err := frames.ExpectWelcome(in); err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return &leanConn{conn, in}, nil
}

// ids of logical clients: a random base with the top bit set, so that a second run is not taken for a retry of this one.
func clientIDs() uint32 { return 0x80000000 | rand.Uint32()&0x7ffff000 }

// requests writes frames. Keys and values have the same sizes throughout.
type requests struct {
	s     settings
	draw  *rand.Rand
	value []byte
	level byte
}

func newRequests(s settings, stream uint64) *requests {
	draw := rand.New(rand.NewPCG(s.seed, stream))
	value := make([]byte, s.valueSize)
	for i := range value {
		value[i] = byte('a' + draw.IntN(26))
	}
	return &requests{s, draw, value, levels[s.level]}
}

func keyName(key int) string { return fmt.Sprintf("bench%07d", key) }

func (r *requests) next(out []byte, client uint32, seq uint64) ([]byte, bool) {
	key := r.draw.IntN(r.s.keys)
	if r.s.reads > 0 && r.draw.Float64() < r.s.reads {
		return r.read(out, client, seq, key), true
	}
	return r.write(out, client, seq, key), false
}

func (r *requests) write(out []byte, client uint32, seq uint64, key int) []byte {
	start := len(out)
	out = frames.Request(frames.Begin(out, frames.Write), client, seq)
	out = appendKey(append(out, frames.Put), key)
	return frames.End(frames.Bytes(out, r.value), start)
}

func (r *requests) read(out []byte, client uint32, seq uint64, key int) []byte {
	start := len(out)
	out = frames.Request(frames.Begin(out, frames.Read), client, seq)
	return frames.End(appendKey(append(out, r.level, frames.Get), key), start)
}

// appendKey is keyName as a byte string, without making a text.
func appendKey(out []byte, key int) []byte {
	out = append(binary.BigEndian.AppendUint32(out, 12), "bench0000000"...)
	for at := len(out) - 1; key > 0; at-- {
		out[at] = byte('0' + key%10)
		key /= 10
	}
	return out
}

// findLeader writes to one node after another until one takes it. Returns its place from 1 and an open connection.
func findLeader(s settings) (int, error) {
	deadline := time.Now().Add(leaderWithin)
	r := newRequests(s, 1<<40)
	place := 1
	var last error
	for seq := uint64(1); time.Now().Before(deadline); seq++ {
		answer, err := probe(s, r, place)
		switch {
		case err == nil && answer.Outcome == frames.OK:
			return place, nil
		case err == nil && answer.Leader >= 1 && answer.Leader <= len(s.endpoints) && answer.Leader != place:
			place = answer.Leader
		default:
			last = err
			place = place%len(s.endpoints) + 1
		}
		time.Sleep(20 * time.Millisecond)
	}
	return 0, fmt.Errorf("no node took a write within %v (last error: %v)", leaderWithin, last)
}

func probe(s settings, r *requests, place int) (frames.Answer, error) {
	conn, err := dialLean(s.endpoints[place-1], s.cluster)
	if err != nil {
		return frames.Answer{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return frames.Answer{}, err
	}
	if _, err := conn.Write(r.write(nil, clientIDs(), 1, 0)); err != nil {
		return frames.Answer{}, err
	}
	return conn.answer()
}

// answer reads the next REPLY; other frames are passed over.
func (c *leanConn) answer() (frames.Answer, error) {
	for {
		kind, body, err := c.in.Next()
		if err != nil {
			return frames.Answer{}, err
		}
		if kind == frames.Reply {
			return frames.ParseReply(body)
		}
	}
}

// places says which endpoints requests go to.
func places(s settings, leader int) ([]int, error) {
	var out []int
	for place := 1; place <= len(s.endpoints); place++ {
		if s.at == "any" || (s.at == "leader" && place == leader) || (s.at == "follower" && place != leader) ||
			s.at == strconv.Itoa(place) {
			out = append(out, place)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("-at %s: no such node", s.at)
	}
	return out, nil
}

func runLean(s settings) (result, error) {
	leader, err := findLeader(s)
	if err != nil {
		return result{}, err
	}
	at, err := places(s, leader)
	if err != nil {
		return result{}, err
	}
	if s.reads < 1 && (len(at) != 1 || at[0] != leader) {
		return result{}, fmt.Errorf("-at %s: only the leader takes writes", s.at)
	}
	if s.reads > 0 {
		if err := preload(s, leader); err != nil {
			return result{}, err
		}
	}
	conns := make([]*leanConn, min(s.conns, s.clients))
	for i := range conns {
		if conns[i], err = dialLean(s.endpoints[at[i%len(at)]-1], s.cluster); err != nil {
			return result{}, err
		}
		defer conns[i].Close()
	}
	var recorders []*recorder
	w := newWindow(s)
	for _, conn := range conns {
		// A cluster that has stopped answering ends the run.
		if err := conn.SetDeadline(w.origin.Add(w.end + 2*drainWithin)); err != nil {
			return result{}, err
		}
	}
	cpu := watchCPU(s, w)
	if s.rate > 0 {
		recorders, err = openLean(s, w, conns)
	} else {
		recorders, err = closedLean(s, w, conns)
	}
	if err != nil {
		return result{}, err
	}
	out := summarize(s, recorders, <-cpu)
	out.Leader, out.At, out.Connections = leader, at, len(conns)
	// The write that found the leader, and those before reads.
	out.TotalOps++
	if s.reads > 0 {
		out.TotalOps += int64(s.keys)
	}
	return out, nil
}

// preload writes every key once, so that reads find something.
func preload(s settings, leader int) error {
	conn, err := dialLean(s.endpoints[leader-1], s.cluster)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := newRequests(s, 1<<41)
	base := clientIDs()
	for from := 0; from < s.keys; from += 100 {
		to := min(from+100, s.keys)
		var out []byte
		for key := from; key < to; key++ {
			out = r.write(out, base+uint32(key-from), uint64(from+1), key)
		}
		if _, err := conn.Write(out); err != nil {
			return err
		}
		for key := from; key < to; key++ {
			answer, err := conn.answer()
			if err != nil {
				return err
			}
			if answer.Outcome != frames.OK {
				return fmt.Errorf("a key could not be written before the run: outcome %d", answer.Outcome)
			}
		}
	}
	return nil
}

// slot is one logical client of a connection.
type slot struct {
	seq  uint64
	due  time.Duration
	read bool
}

// closedLean runs one goroutine per connection: all answers that have arrived are taken, then all that they allow to be
// sent leaves with one write.
func closedLean(s settings, w window, conns []*leanConn) ([]*recorder, error) {
	recorders := make([]*recorder, len(conns))
	errs := make(chan error, len(conns))
	base := clientIDs()
	for i, conn := range conns {
		share := s.clients / len(conns)
		if i < s.clients%len(conns) {
			share++
		}
		recorders[i] = newRecorder(w)
		go func() {
			errs <- closedConn(newRequests(s, uint64(i)), w, conn, base+uint32(i)<<8<<8, share, recorders[i])
		}()
	}
	var err error
	for range conns {
		err = errors.Join(err, <-errs)
	}
	return recorders, err
}

func closedConn(r *requests, w window, conn *leanConn, base uint32, clients int, rec *recorder) error {
	slots := make([]slot, clients)
	out := make([]byte, 0, 64<<10)
	send := func(i uint32, now time.Duration) {
		one := &slots[i]
		one.seq++
		one.due = now
		out, one.read = r.next(out, base+i, one.seq)
	}
	now := w.now()
	for i := range slots {
		send(uint32(i), now)
	}
	for now < w.end {
		if _, err := conn.Write(out); err != nil {
			return err
		}
		out = out[:0]
		for first := true; first || conn.in.Waiting(); first = false {
			answer, err := conn.answer()
			if err != nil {
				return err
			}
			if first {
				now = w.now()
			}
			i := answer.Client - base
			if i >= uint32(clients) || answer.Seq != slots[i].seq {
				return fmt.Errorf("an answer to client %d, seq %d, which asked nothing", answer.Client, answer.Seq)
			}
			if err := take(rec, answer, slots[i].read, slots[i].due, now, false); err != nil {
				return err
			}
			send(i, now)
		}
	}
	return nil
}

func take(rec *recorder, answer frames.Answer, read bool, due, now time.Duration, open bool) error {
	switch answer.Outcome {
	case frames.OK:
		rec.answered(read, due, now, open)
	case frames.Failed:
		if answer.Leader != 0 {
			return errLeaderChanged
		}
		rec.error(true, fmt.Sprintf("failed, reason %d", answer.Reason))
	default:
		rec.error(false, fmt.Sprintf("unknown outcome, reason %d", answer.Reason))
	}
	return nil
}
