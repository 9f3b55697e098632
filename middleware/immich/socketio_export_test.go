package immich

import "io"

// What the tests of sockets see.
type Socket = socket

var WrapSocket = wrapSocket

func NewSocket(inner io.ReadWriteCloser, socketIO bool) *Socket { return newSocket(inner, socketIO) }

func (s *socket) Farewell(id string) <-chan struct{} { return s.farewell(id) }
