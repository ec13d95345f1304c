package main

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// exactSleep asks the kernel not to bundle this thread's wake-ups with others; 50 us would be usual.
func exactSleep() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}

// syncData is fdatasync.
func syncData(file *os.File) error {
	return unix.Fdatasync(int(file.Fd()))
}

// sleep is exact to some microseconds; the runtime's own timers are not.
func sleep(d time.Duration) {
	left := unix.NsecToTimespec(int64(d))
	for unix.Nanosleep(&left, &left) == unix.EINTR {
	}
}
