//go:build !linux

package main

import (
	"os"
	"time"
)

func exactSleep() {}

func syncData(file *os.File) error { return file.Sync() }

func sleep(d time.Duration) { time.Sleep(d) }
