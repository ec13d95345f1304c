package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

const zkRoot = "/synod-bench"

type zkConn struct {
	conn *zk.Conn
	// sync before each read, so that it sees every write that was acknowledged before it began.
	sync bool
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

func (z *zkConn) write(key int, value []byte) error {
	path := zkRoot + "/" + keyName(key)
	_, err := z.conn.Set(path, value, -1)
	if !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	_, err = z.conn.Create(path, value, 0, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

func (z *zkConn) read(key int) error {
	path := zkRoot + "/" + keyName(key)
	if z.sync {
		if _, err := z.conn.Sync(path); err != nil {
			return err
		}
	}
	_, _, err := z.conn.Get(path)
	return err
}

func (z *zkConn) close() { z.conn.Close() }

func dialZooKeeper(s settings) (subject, error) {
	if s.reads > 0 && s.level == "linearizable" {
		return subject{}, errors.New("-level linearizable: ZooKeeper has sync and local reads")
	}
	leader, err := zkLeader(s)
	if err != nil {
		return subject{}, err
	}
	dial := func(place int) (caller, error) {
		conn, err := zkConnect(s.endpoints[place-1])
		return &zkConn{conn, s.level == "sync"}, err
	}
	conn, err := zkConnect(s.endpoints[leader-1])
	if err != nil {
		return subject{}, err
	}
	defer conn.Close()
	_, err = conn.Create(zkRoot, nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return subject{}, err
	}
	return subject{leader, dial}, nil
}

func zkConnect(address string) (*zk.Conn, error) {
	conn, events, err := zk.Connect([]string{address}, 10*time.Second, zk.WithLogger(quiet{}))
	if err != nil {
		return nil, err
	}
	late := time.After(callWithin)
	for {
		select {
		case event := <-events:
			if event.State == zk.StateHasSession {
				return conn, nil
			}
		case <-late:
			conn.Close()
			return nil, fmt.Errorf("no session with %s within %v", address, callWithin)
		}
	}
}

func zkLeader(s settings) (int, error) {
	deadline := time.Now().Add(leaderWithin)
	for time.Now().Before(deadline) {
		for place, address := range s.endpoints {
			said, err := zkAsk(address, "srvr")
			if err == nil && (strings.Contains(said, "Mode: leader") || strings.Contains(said, "Mode: standalone")) {
				return place + 1, nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return 0, fmt.Errorf("no server leads after %v", leaderWithin)
}

// zkAsk sends one of ZooKeeper's four-letter words.
func zkAsk(address, word string) (string, error) {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(word)); err != nil {
		return "", err
	}
	said, err := io.ReadAll(conn)
	return string(said), err
}
