package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// floorResult is what this machine can do at all, measured in the same minutes as the systems.
type floorResult struct {
	// Write of 4 KiB into a file of zeros and a sync of its data: alone, and three files at once as three nodes on one disk do.
	SyncUs       *latency `json:"syncUs"`
	ThreeSyncsUs *latency `json:"threeSyncsUs"`
	// 256 bytes there and back over TCP on loopback.
	RoundTripUs *latency `json:"roundTripUs"`
}

const (
	floorFileBytes  = 4 << 20
	floorWriteBytes = 4096
	floorSyncs      = 300
	floorRounds     = 2000
	floorWarmUp     = 30
)

func runFloor(dir string) (floorResult, error) {
	one, err := measureSyncs(dir, 1)
	if err != nil {
		return floorResult{}, err
	}
	three, err := measureSyncs(dir, 3)
	if err != nil {
		return floorResult{}, err
	}
	trip, err := measureRoundTrip()
	return floorResult{latencyOf(one), latencyOf(three), latencyOf(trip)}, err
}

func measureSyncs(dir string, files int) (*hdrhistogram.Histogram, error) {
	out := newHistogram()
	var mutex sync.Mutex
	errs := make(chan error, files)
	for range files {
		go func() {
			h := newHistogram()
			err := syncsOfFile(dir, h)
			mutex.Lock()
			out.Merge(h)
			mutex.Unlock()
			errs <- err
		}()
	}
	var err error
	for range files {
		if one := <-errs; one != nil {
			err = one
		}
	}
	return out, err
}

func syncsOfFile(dir string, h *hdrhistogram.Histogram) error {
	file, err := os.CreateTemp(dir, "synod-floor-")
	if err != nil {
		return err
	}
	defer os.Remove(filepath.Clean(file.Name()))
	defer file.Close()
	if _, err := file.Write(make([]byte, floorFileBytes)); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	data := make([]byte, floorWriteBytes)
	for i := range floorSyncs + floorWarmUp {
		data[0] = byte(i)
		begin := time.Now()
		if _, err := file.WriteAt(data, int64(i)*floorWriteBytes%floorFileBytes); err != nil {
			return err
		}
		if err := syncData(file); err != nil {
			return err
		}
		if i >= floorWarmUp {
			_ = h.RecordValue(int64(max(time.Since(begin), 1000)))
		}
	}
	return nil
}

func measureRoundTrip() (*hdrhistogram.Histogram, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		message := make([]byte, 256)
		for {
			if _, err := io.ReadFull(conn, message); err != nil {
				return
			}
			if _, err := conn.Write(message); err != nil {
				return
			}
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	h := newHistogram()
	message := make([]byte, 256)
	for i := range floorRounds + floorWarmUp {
		begin := time.Now()
		if _, err := conn.Write(message); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			return nil, err
		}
		if i >= floorWarmUp {
			_ = h.RecordValue(int64(max(time.Since(begin), 1000)))
		}
	}
	return h, nil
}
