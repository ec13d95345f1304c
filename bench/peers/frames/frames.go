// Package frames is the Go side of Synod's client protocol: harness/transport/kinds.ts says what the bytes mean.
package frames

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// First byte of a frame's content.
const (
	Hello       = 0x01
	Welcome     = 0x02
	Refused     = 0x03
	Write       = 0x10
	Read        = 0x11
	Status      = 0x12
	Reply       = 0x20
	StatusReply = 0x22
)

// Values within frames.
const (
	Version      = 1
	CallerClient = 1
	OK           = 1
	Failed       = 2
	Unknown      = 3
	Put          = 1
	Get          = 1
)

// BytesMax is the longest frame that is accepted, without its length field.
const BytesMax = 64 << 20

// Reader hands out frames. What Next returns is valid until the next call.
type Reader struct {
	in  *bufio.Reader
	buf []byte
}

// NewReader reads from in through a buffer of its own.
func NewReader(in io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, 256<<10)}
}

// Next is kind and body of the next frame.
func (r *Reader) Next() (byte, []byte, error) {
	head, err := r.in.Peek(4)
	if err != nil {
		return 0, nil, err
	}
	size := int(binary.BigEndian.Uint32(head))
	if size < 1 || size > BytesMax {
		return 0, nil, fmt.Errorf("a frame of %d bytes", size)
	}
	if _, err := r.in.Discard(4); err != nil {
		return 0, nil, err
	}
	if cap(r.buf) < size {
		r.buf = make([]byte, size)
	}
	body := r.buf[:size]
	if _, err := io.ReadFull(r.in, body); err != nil {
		return 0, nil, err
	}
	return body[0], body[1:], nil
}

// Waiting says whether a whole frame is in the buffer, so that Next would not block.
func (r *Reader) Waiting() bool {
	if r.in.Buffered() < 4 {
		return false
	}
	head, err := r.in.Peek(4)
	return err == nil && r.in.Buffered() >= 4+int(binary.BigEndian.Uint32(head))
}

// Begin starts a frame in out; End completes it.
func Begin(out []byte, kind byte) []byte {
	return append(out, 0, 0, 0, 0, kind)
}

// End writes the length of the frame that began at start.
func End(out []byte, start int) []byte {
	binary.BigEndian.PutUint32(out[start:], uint32(len(out)-start-4))
	return out
}

// Text appends a text of at most 255 bytes.
func Text(out []byte, text string) []byte {
	return append(append(out, byte(len(text))), text...)
}

// Bytes appends a byte string.
func Bytes(out, data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(out, uint32(len(data))), data...)
}

// Request appends what every request and reply begins with.
func Request(out []byte, client uint32, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(out, client), seq)
}

// ErrShort is a body that ends too early.
var ErrShort = errors.New("a frame that is too short")

// Answer is the part of a REPLY that a load generator needs.
type Answer struct {
	Client  uint32
	Seq     uint64
	Outcome byte
	Reason  byte
	// Leader is an ordinal from 1, 0 if the node knows none.
	Leader int
}

// ParseReply reads the body of a REPLY; an ok one's result stays unread.
func ParseReply(body []byte) (Answer, error) {
	if len(body) < 13 {
		return Answer{}, ErrShort
	}
	a := Answer{Client: binary.BigEndian.Uint32(body), Seq: binary.BigEndian.Uint64(body[4:]), Outcome: body[12]}
	if a.Outcome == OK {
		return a, nil
	}
	if len(body) < 16 {
		return Answer{}, ErrShort
	}
	a.Reason = body[13]
	a.Leader = int(binary.BigEndian.Uint16(body[14:]))
	return a, nil
}

// SayHello sends HELLO as a client.
func SayHello(out io.Writer, cluster string) error {
	frame := Begin(nil, Hello)
	frame = append(frame, Version, CallerClient)
	frame = Text(frame, cluster)
	_, err := out.Write(End(frame, 0))
	return err
}

// Identity is what a WELCOME says.
type Identity struct {
	Cluster, Protocol, Node string
	Ordinal                 int
}

// ExpectWelcome reads the answer to HELLO.
func ExpectWelcome(in *Reader) (Identity, error) {
	kind, body, err := in.Next()
	if err != nil {
		return Identity{}, err
	}
	text := func() string {
		if len(body) < 1 || len(body) < 1+int(body[0]) {
			err = ErrShort
			return ""
		}
		t := string(body[1 : 1+int(body[0])])
		body = body[1+len(t):]
		return t
	}
	if kind == Refused {
		return Identity{}, fmt.Errorf("refused: %s", text())
	}
	if kind != Welcome {
		return Identity{}, fmt.Errorf("WELCOME expected, found a frame of kind %d", kind)
	}
	id := Identity{Cluster: text(), Protocol: text()}
	if err != nil || len(body) < 2 {
		return Identity{}, ErrShort
	}
	id.Ordinal = int(binary.BigEndian.Uint16(body))
	body = body[2:]
	id.Node = text()
	return id, err
}
