package main

import (
	"errors"
	"math/rand/v2"
	"time"
)

// caller is one connection to a system whose client library answers call by call. Safe for many goroutines.
type caller interface {
	write(key int, value []byte) error
	read(key int) error
	close()
}

// subject is what a target's dialler finds out about a running system.
type subject struct {
	leader int
	// dial opens a connection to the endpoint at this place.
	dial func(place int) (caller, error)
}

func runCalls(s settings, find func(settings) (subject, error)) (result, error) {
	found, err := find(s)
	if err != nil {
		return result{}, err
	}
	at, err := places(s, found.leader)
	if err != nil {
		return result{}, err
	}
	conns := make([]caller, min(s.conns, s.clients))
	for i := range conns {
		if conns[i], err = found.dial(at[i%len(at)]); err != nil {
			return result{}, err
		}
		defer conns[i].close()
	}
	filled, err := fillKeys(s, conns)
	if err != nil {
		return result{}, err
	}
	w := newWindow(s)
	cpu := watchCPU(s, w)
	var recorders []*recorder
	if s.rate > 0 {
		recorders = openCalls(s, w, conns)
	} else {
		recorders = closedCalls(s, w, conns)
	}
	out := summarize(s, recorders, <-cpu)
	out.Leader, out.At, out.Connections = found.leader, at, len(conns)
	out.TotalOps += filled
	if out.Ops == 0 && out.LastError != "" {
		return out, errors.New(out.LastError)
	}
	return out, nil
}

// fillKeys writes every key once, so that reads find something; ZooKeeper also needs them for its writes.
// Returns how many writes that took.
func fillKeys(s settings, conns []caller) (int64, error) {
	if s.reads == 0 && s.target != "zookeeper" {
		return 0, nil
	}
	errs := make(chan error, len(conns))
	value := newRequests(s, 1<<41).value
	for i, conn := range conns {
		go func() {
			for key := i; key < s.keys; key += len(conns) {
				if err := conn.write(key, value); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var err error
	for range conns {
		err = errors.Join(err, <-errs)
	}
	return int64(s.keys), err
}

func one(s settings, draw *rand.Rand, conn caller, value []byte) (bool, error) {
	key := draw.IntN(s.keys)
	if s.reads > 0 && draw.Float64() < s.reads {
		return true, conn.read(key)
	}
	return false, conn.write(key, value)
}

// patience after an error, so that a subject that is down is not called in a tight loop.
const patience = 5 * time.Millisecond

func closedCalls(s settings, w window, conns []caller) []*recorder {
	recorders := make([]*recorder, s.clients)
	done := make(chan struct{})
	for i := range recorders {
		rec := newRecorder(w)
		recorders[i] = rec
		go func() {
			defer func() { done <- struct{}{} }()
			r := newRequests(s, uint64(i))
			conn := conns[i%len(conns)]
			for due := w.now(); due < w.end; due = w.now() {
				read, err := one(s, r.draw, conn, r.value)
				if err != nil {
					rec.error(false, err.Error())
					time.Sleep(patience)
					continue
				}
				rec.answered(read, due, w.now(), false)
			}
		}()
	}
	for range recorders {
		<-done
	}
	return recorders
}

func openCalls(s settings, w window, conns []caller) []*recorder {
	recorders := make([]*recorder, s.clients, s.clients+1)
	// As many as can be due: the pacer never waits for a worker.
	work := make(chan time.Duration, int(s.rate*w.end.Seconds())+1)
	done := make(chan struct{})
	for i := range recorders {
		rec := newRecorder(w)
		recorders[i] = rec
		go func() {
			defer func() { done <- struct{}{} }()
			r := newRequests(s, uint64(i))
			for due := range work {
				if w.now() > w.end+drainWithin {
					rec.missing(due)
					continue
				}
				rec.sent(due, w.now())
				read, err := one(s, r.draw, conns[i%len(conns)], r.value)
				if err != nil {
					rec.error(false, err.Error())
					continue
				}
				rec.answered(read, due, w.now(), true)
			}
		}()
	}
	pacer := newRecorder(w)
	go func() {
		p := newPacer(s, w)
		for due, ok := p.next(func() error { return nil }); ok; due, ok = p.next(func() error { return nil }) {
			work <- due
		}
		p.rest(pacer)
		close(work)
	}()
	for range recorders {
		<-done
	}
	return append(recorders, pacer)
}
