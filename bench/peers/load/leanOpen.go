package main

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// openSlot is a client that waits for an answer, or is free.
type openSlot struct {
	slot
	mutex sync.Mutex
	busy  bool
}

// openLean sends at the fixed rate from one thread. A request that is due while every client waits leaves as soon as one
// is free; its latency still counts from when it was due.
func openLean(s settings, w window, conns []*leanConn) ([]*recorder, error) {
	slots := make([]openSlot, s.clients)
	free := make(chan int, s.clients)
	for i := range slots {
		free <- i
	}
	base := clientIDs()
	recorders := make([]*recorder, len(conns)+1)
	errs := make(chan error, len(conns))
	for i, conn := range conns {
		recorders[i] = newRecorder(w)
		go func() { errs <- receive(conn, w, base, slots, free, recorders[i]) }()
	}
	sender := newRecorder(w)
	recorders[len(conns)] = sender
	if err := sendAtRate(s, w, conns, base, slots, free, sender); err != nil {
		return nil, err
	}
	err := drain(conns, slots, free, errs)
	for i := range slots {
		if slots[i].busy {
			sender.missing(slots[i].due)
		}
	}
	return recorders, err
}

func sendAtRate(s settings, w window, conns []*leanConn, base uint32, slots []openSlot, free chan int, rec *recorder) error {
	outs := make([][]byte, len(conns))
	streams := newRequests(s, 0)
	flush := func() error {
		for i, out := range outs {
			if len(out) == 0 {
				continue
			}
			if _, err := conns[i].Write(out); err != nil {
				return err
			}
			outs[i] = out[:0]
		}
		return nil
	}
	p := newPacer(s, w)
	for {
		due, ok := p.next(flush)
		if !ok {
			p.rest(rec)
			return flush()
		}
		var i int
		select {
		case i = <-free:
		default:
			if err := flush(); err != nil {
				return err
			}
			select {
			case i = <-free:
			case <-time.After(w.end - w.now()):
				rec.missing(due)
				p.rest(rec)
				return flush()
			}
		}
		one := &slots[i]
		one.mutex.Lock()
		one.seq++
		one.due = due
		one.busy = true
		at := i % len(conns)
		outs[at], one.read = streams.next(outs[at], base+uint32(i), one.seq)
		one.mutex.Unlock()
		rec.sent(due, w.now())
	}
}

func receive(conn *leanConn, w window, base uint32, slots []openSlot, free chan int, rec *recorder) error {
	for {
		answer, err := conn.answer()
		if err != nil {
			return err
		}
		i := answer.Client - base
		if i >= uint32(len(slots)) {
			return fmt.Errorf("an answer to client %d, which asked nothing", answer.Client)
		}
		one := &slots[i]
		one.mutex.Lock()
		due, read, right := one.due, one.read, one.busy && one.seq == answer.Seq
		one.busy = false
		one.mutex.Unlock()
		if !right {
			return fmt.Errorf("an answer to client %d, seq %d, which asked nothing", answer.Client, answer.Seq)
		}
		if err := take(rec, answer, read, due, w.now(), true); err != nil {
			return err
		}
		free <- int(i)
	}
}

// drain waits until every client is free or time is up, and ends the receivers.
func drain(conns []*leanConn, slots []openSlot, free chan int, errs chan error) error {
	deadline := time.Now().Add(drainWithin)
	for len(free) < len(slots) && time.Now().Before(deadline) && len(errs) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	for _, conn := range conns {
		conn.Close()
	}
	var err error
	for range conns {
		if one := <-errs; !errors.Is(one, net.ErrClosed) {
			err = errors.Join(err, one)
		}
	}
	return err
}
