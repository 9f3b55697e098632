package risk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/storetest/need"
)

// full returns a user whose profile is nearly full.
func full(tb testing.TB) *user {
	u := settled(tb, risk.Config{})
	for i := range 40 {
		where := at(fmt.Sprint("Town ", i), "NO", 58+float64(i)/4, 5.3, uint32(2119+i%20), bergen.Network)
		u.signIn(tb, signIn{at: start.Add(time.Duration(200+i*20) * time.Hour), key: 1, ip: fmt.Sprintf("81.166.%d.20", i), where: &where})
	}
	return u
}

func BenchmarkCore(b *testing.B) {
	u := full(b)
	c := u.signInCase(signIn{at: start.Add(1000 * time.Hour), key: 1, ip: "81.166.200.20", where: ptr(at("Town", "NO", 60, 5.3, 2130, bergen.Network))})
	d, err := u.Observe(c)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if d.Level(u.Assessor) != session.LevelNone {
			b.Fatal("not at level none")
		}
		d.Learn()
	}
}

func BenchmarkObserve(b *testing.B) {
	u := full(b)
	c := u.signInCase(signIn{at: start.Add(1000 * time.Hour), key: 1})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Observe(c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAssess includes the encoded forms, and what is hashed.
func BenchmarkAssess(b *testing.B) {
	u := full(b)
	u.profile = append(make([]byte, 0, 2*session.MaxProfile), u.profile...)
	c := u.signInCase(signIn{at: start.Add(1000 * time.Hour), key: 1})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Assess(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAssessAllocatesNothing(t *testing.T) {
	u := full(t)
	u.profile = append(make([]byte, 0, 2*session.MaxProfile), u.profile...)
	c := u.signInCase(signIn{at: start.Add(1000 * time.Hour), key: 1})
	n := need.Allocations(func() {
		if v := u.assess(t, c); v.Level != session.LevelNone || len(v.Profile) == 0 {
			t.Fatalf("got %+v", v)
		}
	})
	if n > 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}
