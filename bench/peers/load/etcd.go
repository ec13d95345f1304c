package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

// rawCodec passes bytes through: the three messages that are needed are written by hand, which costs the client less than
// generated code and needs no copy of anyone's schema.
type rawCodec struct{}

func (rawCodec) Name() string                  { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

const callWithin = 10 * time.Second

type etcdConn struct {
	conn *grpc.ClientConn
	// Reads may be answered by the node asked, without a quorum.
	serializable bool
}

func dialEtcdNode(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
}

func call(conn *grpc.ClientConn, method string, in []byte) ([]byte, error) {
	within, cancel := context.WithTimeout(context.Background(), callWithin)
	defer cancel()
	var out []byte
	err := conn.Invoke(within, method, &in, &out)
	return out, err
}

func (e *etcdConn) write(key int, value []byte) error {
	in := make([]byte, 0, len(value)+24)
	in = protowire.AppendString(protowire.AppendTag(in, 1, protowire.BytesType), keyName(key))
	in = protowire.AppendBytes(protowire.AppendTag(in, 2, protowire.BytesType), value)
	_, err := call(e.conn, "/etcdserverpb.KV/Put", in)
	return err
}

func (e *etcdConn) read(key int) error {
	in := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), keyName(key))
	if e.serializable {
		in = protowire.AppendVarint(protowire.AppendTag(in, 7, protowire.VarintType), 1)
	}
	_, err := call(e.conn, "/etcdserverpb.KV/Range", in)
	return err
}

func (e *etcdConn) close() { _ = e.conn.Close() }

func dialEtcd(s settings) (subject, error) {
	if s.level == "sync" {
		return subject{}, errors.New("-level sync: etcd has linearizable and local (serializable) reads")
	}
	dial := func(place int) (caller, error) {
		conn, err := dialEtcdNode(s.endpoints[place-1])
		return &etcdConn{conn, s.level == "local"}, err
	}
	deadline := time.Now().Add(leaderWithin)
	var last error
	for time.Now().Before(deadline) {
		for place := 1; place <= len(s.endpoints); place++ {
			leads, err := etcdLeads(s.endpoints[place-1])
			if leads {
				return subject{place, dial}, nil
			}
			if err != nil {
				last = err
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return subject{}, fmt.Errorf("no node leads after %v (last error: %v)", leaderWithin, last)
}

// etcdLeads compares leader (field 4) with member_id (field 2 of the header, field 1) of a StatusResponse.
func etcdLeads(address string) (bool, error) {
	conn, err := dialEtcdNode(address)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	status, err := call(conn, "/etcdserverpb.Maintenance/Status", nil)
	if err != nil {
		return false, err
	}
	header, leader := bytesField(status, 1), numberField(status, 4)
	return leader != 0 && leader == numberField(header, 2), nil
}

func numberField(message []byte, wanted protowire.Number) uint64 {
	var out uint64
	eachField(message, func(number protowire.Number, kind protowire.Type, rest []byte) {
		if number == wanted && kind == protowire.VarintType {
			out, _ = protowire.ConsumeVarint(rest)
		}
	})
	return out
}

func bytesField(message []byte, wanted protowire.Number) []byte {
	var out []byte
	eachField(message, func(number protowire.Number, kind protowire.Type, rest []byte) {
		if number == wanted && kind == protowire.BytesType {
			out, _ = protowire.ConsumeBytes(rest)
		}
	})
	return out
}

func eachField(message []byte, see func(protowire.Number, protowire.Type, []byte)) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return
		}
		message = message[n:]
		see(number, kind, message)
		n = protowire.ConsumeFieldValue(number, kind, message)
		if n < 0 {
			return
		}
		message = message[n:]
	}
}
