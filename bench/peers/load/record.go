package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies from 1 us to a minute with three significant digits, in nanoseconds.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1000, int64(time.Minute), 3)
}

// window is the time in which answers count. It begins when warm-up ends.
type window struct {
	origin time.Time
	begin  time.Duration
	end    time.Duration
}

func newWindow(s settings) window {
	return window{origin: time.Now(), begin: s.warmup, end: s.warmup + s.duration}
}

func (w window) now() time.Duration { return time.Since(w.origin) }

// recorder belongs to one goroutine. Answers that came outside the window are in total only.
type recorder struct {
	window  window
	writes  *hdrhistogram.Histogram
	reads   *hdrhistogram.Histogram
	late    *hdrhistogram.Histogram
	total   int64
	failed  int64
	unknown int64
	lastErr string
	// Requests that were due in the window and have no answer: an open loop that is too fast leaves some.
	unanswered int64
}

func newRecorder(w window) *recorder {
	return &recorder{window: w, writes: newHistogram(), reads: newHistogram(), late: newHistogram()}
}

// answered counts an answer at `now` to a request that was due at `due`. Closed loop: by the moment of the answer, so that
// the window has as many as fit; open loop: by the moment the request was due, so that none that was due is left out.
func (r *recorder) answered(read bool, due, now time.Duration, open bool) {
	r.total++
	at := now
	if open {
		at = due
	}
	if at < r.window.begin || at >= r.window.end {
		return
	}
	h := r.writes
	if read {
		h = r.reads
	}
	_ = h.RecordValue(int64(min(max(now-due, 1000), time.Minute)))
}

// sent counts how late a request of the open loop left: the generator's own part of its latency.
func (r *recorder) sent(due, now time.Duration) {
	if due >= r.window.begin && due < r.window.end {
		_ = r.late.RecordValue(int64(min(max(now-due, 1000), time.Minute)))
	}
}

func (r *recorder) missing(due time.Duration) {
	if due >= r.window.begin && due < r.window.end {
		r.unanswered++
	}
}

func (r *recorder) error(outcomeKnown bool, words string) {
	if outcomeKnown {
		r.failed++
	} else {
		r.unknown++
	}
	r.lastErr = words
}

type latency struct {
	Count   int64   `json:"count"`
	MeanUs  float64 `json:"meanUs"`
	P50Us   float64 `json:"p50Us"`
	P90Us   float64 `json:"p90Us"`
	P99Us   float64 `json:"p99Us"`
	P999Us  float64 `json:"p999Us"`
	MaxUs   float64 `json:"maxUs"`
	Encoded string  `json:"hdr"`
}

func latencyOf(h *hdrhistogram.Histogram) *latency {
	if h.TotalCount() == 0 {
		return nil
	}
	us := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		encoded = nil
	}
	return &latency{
		Count: h.TotalCount(), MeanUs: h.Mean() / 1000, P50Us: us(50), P90Us: us(90), P99Us: us(99), P999Us: us(99.9),
		MaxUs: float64(h.Max()) / 1000, Encoded: string(encoded),
	}
}

type result struct {
	Target       string  `json:"target"`
	At           []int   `json:"at"`
	Leader       int     `json:"leader"`
	Clients      int     `json:"clients"`
	Connections  int     `json:"connections"`
	Rate         float64 `json:"rate"`
	Seconds      float64 `json:"seconds"`
	OpsPerSecond float64 `json:"opsPerSecond"`
	Ops          int64   `json:"ops"`
	// With warm-up and with what was written before it.
	TotalOps   int64    `json:"totalOps"`
	Failed     int64    `json:"failed"`
	Unknown    int64    `json:"unknown"`
	Unanswered int64    `json:"unanswered"`
	LastError  string   `json:"lastError,omitempty"`
	All        *latency `json:"all"`
	Writes     *latency `json:"writes"`
	Reads      *latency `json:"reads"`
	Late       *latency `json:"late"`
	cpuReport
}

func summarize(s settings, recorders []*recorder, cpu cpuReport) result {
	all, writes, reads, late := newHistogram(), newHistogram(), newHistogram(), newHistogram()
	out := result{Target: s.target, Clients: s.clients, Rate: s.rate, Seconds: s.duration.Seconds(), cpuReport: cpu}
	for _, r := range recorders {
		writes.Merge(r.writes)
		reads.Merge(r.reads)
		late.Merge(r.late)
		out.TotalOps += r.total
		out.Failed += r.failed
		out.Unknown += r.unknown
		out.Unanswered += r.unanswered
		if r.lastErr != "" {
			out.LastError = r.lastErr
		}
	}
	all.Merge(writes)
	all.Merge(reads)
	out.Ops = all.TotalCount()
	out.OpsPerSecond = float64(out.Ops) / out.Seconds
	out.All, out.Writes, out.Reads, out.Late = latencyOf(all), latencyOf(writes), latencyOf(reads), latencyOf(late)
	return out
}
