package risk_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session/risk"
)

func TestFailed(t *testing.T) {
	now := start.Add(9 * day)
	for _, c := range []struct {
		name string
		n    int
		ago  time.Duration
		want string
	}{
		{"mistyped twice", 2, time.Minute, ""},
		{"three", 3, time.Minute, "attempts.some"},
		{"nine", 9, time.Minute, "attempts.some"},
		{"ten", 10, time.Minute, "attempts.many"},
		{"thousands", 2345, time.Minute, "attempts.many"},
		{"yesterday", 10, day, ""},
		{"later", 10, -time.Minute, ""},
	} {
		u := settled(t, risk.Config{})
		for range c.n {
			u.Failed("alice", now.Add(-c.ago))
			u.Failed("bob", now)
		}
		sc := u.signInCase(signIn{ip: "93.184.10.20", where: &bergenRival})
		got := ""
		for _, code := range codes(u.assess(t, sc)) {
			if code != "device.same-kind" && code != "network.new-provider" {
				got = code
			}
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if c.want != "" && len(codes(u.assess(t, sc))) != 2 {
			t.Errorf("%s: the sign-in did not clear them", c.name)
		}
	}
}

func TestFailedConcurrently(t *testing.T) {
	u := settled(t, risk.Config{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 1000 {
				u.Failed(fmt.Sprint(i, j), start)
				if _, err := u.Assess(t.Context(), u.signInCase(signIn{})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
