//go:build !linux

package main

func exactSleep() {}
