package redisstore

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Anybody can publish what says nothing, and it may be late: it is no sign of life,
// which only an answer to a ping is.
func TestNothingSaidIsNoSignOfLife(t *testing.T) {
	for _, payload := range []string{"{}", "null", `{"generation":7}`, `{"keep":"00000000-0000-0000-0000-000000000001"}`, `{"ended":[]}`, "", "[]", "1"} {
		if n, ok := noticeOf(&redis.Message{Payload: payload}, time.Now()); !ok || !n.Missed {
			t.Errorf("%q: got %+v, %v", payload, n, ok)
		}
	}
	if n, ok := noticeOf(&redis.Pong{Payload: "0"}, time.Now()); !ok || !n.IsZero() {
		t.Errorf("an answer to a ping: got %+v, %v", n, ok)
	}
}
