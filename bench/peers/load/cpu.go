package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Linux gives times in hundredths of a second to every program.
const tickUs = 10_000

// cpuReport is the CPU time of the window, in microseconds. Processes are in the order they were named in. Where /proc is
// missing, Known is false and the rest is 0.
type cpuReport struct {
	CPUKnown    bool    `json:"cpuKnown"`
	ProcessesUs []int64 `json:"processesUs"`
	ClientUs    int64   `json:"clientUs"`
	IdleUs      int64   `json:"idleUs"`
	// Every process of the machine, and how much there could have been.
	BusyUs int64 `json:"busyUs"`
	AllUs  int64 `json:"allUs"`
}

// processUs is user and system time of all threads of a process (proc(5), stat, fields 14 and 15).
func processUs(pid string) (int64, error) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	// The name may hold blanks; fields count from behind its bracket.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%s/stat is too short", pid)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%s/stat has no times", pid)
	}
	return (user + system) * tickUs, nil
}

// machineUs is the busy and the whole time of all cores. Time a hypervisor gave to others counts as neither.
func machineUs() (busy, all int64, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line)[1:] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		// user nice system idle iowait irq softirq steal; guest times are within user.
		switch {
		case i == 3 || i == 4:
			all += ticks * tickUs
		case i < 7:
			all += ticks * tickUs
			busy += ticks * tickUs
		}
	}
	return busy, all, nil
}

func sample(s settings) (cpuReport, error) {
	var r cpuReport
	var err error
	for _, pid := range s.pids {
		us, err := processUs(strconv.Itoa(pid))
		if err != nil {
			return r, err
		}
		r.ProcessesUs = append(r.ProcessesUs, us)
	}
	for _, pid := range s.idle {
		us, err := processUs(strconv.Itoa(pid))
		if err != nil {
			return r, err
		}
		r.IdleUs += us
	}
	if r.ClientUs, err = processUs("self"); err != nil {
		return r, err
	}
	r.BusyUs, r.AllUs, err = machineUs()
	return r, err
}

// watchCPU samples at both ends of the window; the channel gives the difference once the window has ended.
func watchCPU(s settings, w window) <-chan cpuReport {
	out := make(chan cpuReport, 1)
	go func() {
		time.Sleep(w.begin - w.now())
		before, err1 := sample(s)
		time.Sleep(w.end - w.now())
		after, err2 := sample(s)
		if err1 != nil || err2 != nil {
			out <- cpuReport{}
			return
		}
		for i := range after.ProcessesUs {
			after.ProcessesUs[i] -= before.ProcessesUs[i]
		}
		after.ClientUs -= before.ClientUs
		after.IdleUs -= before.IdleUs
		after.BusyUs -= before.BusyUs
		after.AllUs -= before.AllUs
		after.CPUKnown = true
		out <- after
	}()
	return out
}
