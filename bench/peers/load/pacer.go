package main

import (
	"runtime"
	"time"
)

// quantum is the shortest sleep: what is due within it leaves together.
const quantum = 50 * time.Microsecond

// pacer says when requests are due: at equal distances from the start of the warm-up to the end of the window.
type pacer struct {
	w      window
	gap    time.Duration
	rate   float64
	count  int64
	wanted int64
}

// newPacer must be called by the goroutine that uses it: it stays on one thread, whose sleeps are then exact.
func newPacer(s settings, w window) *pacer {
	runtime.LockOSThread()
	exactSleep()
	return &pacer{w: w, rate: s.rate, wanted: int64(s.rate * w.end.Seconds())}
}

func (p *pacer) dueAt(n int64) time.Duration {
	return time.Duration(float64(n) / p.rate * float64(time.Second))
}

// next sleeps until the next request is due; before it sleeps it lets go what is ready. False: the window has ended.
func (p *pacer) next(flush func() error) (time.Duration, bool) {
	if p.count >= p.wanted || p.w.now() >= p.w.end {
		return 0, false
	}
	due := p.dueAt(p.count)
	if wait := due - p.w.now(); wait > 0 {
		if err := flush(); err != nil {
			return 0, false
		}
		if wait = due - p.w.now(); wait > 0 {
			sleep(max(wait, quantum))
		}
	}
	p.count++
	return due, true
}

// rest counts everything that was not handed out before the end of the window as unanswered.
func (p *pacer) rest(rec *recorder) {
	for ; p.count < p.wanted; p.count++ {
		rec.missing(p.dueAt(p.count))
	}
}
