package session_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func Example() {
	ctx := context.Background()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		panic(err)
	}
	signIn := func(ip string) session.Token {
		ticket, err := manager.BeginSignIn(ctx, "alice") // then check the password
		if err != nil {
			panic(err)
		}
		from := session.Origin{IP: netip.MustParseAddr(ip), Hints: device.Hints{}}
		_, token, err := manager.Start(ctx, ticket, from, session.StartOptions{})
		if err != nil {
			panic(err)
		}
		return token
	}
	laptop, phone := signIn("192.0.2.1"), signIn("198.51.100.1")

	n, err := manager.RevokeAllExcept(ctx, "alice", laptop.ID(), session.ReasonPasswordChanged)
	fmt.Println("signed out:", n, err)
	_, err = manager.Resume(ctx, laptop.Credential(), session.Origin{})
	fmt.Println("laptop:", err)
	_, err = manager.Resume(ctx, phone.Credential(), session.Origin{})
	fmt.Println("phone:", err)
	// Output:
	// signed out: 1 <nil>
	// laptop: <nil>
	// phone: session: revoked
}

// An Observer is told of everything, for a log, a mail or a counter.
func ExampleObserver() {
	observer := session.ObserverFunc(func(_ context.Context, e session.Event) {
		fmt.Println(e.Kind, e.UserID)
	})
	manager, err := session.New(memstore.New(), session.Config{Observers: []session.Observer{observer}})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	ticket, _ := manager.BeginSignIn(ctx, "alice")
	_, _, _ = manager.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
	_, _ = manager.RevokeAll(ctx, "alice", session.ReasonAdmin)
	// Output:
	// started alice
	// revoked alice
}

// Who asks for a new password after "This wasn't me" is an Observer.
func ExampleManager_Deny() {
	observer := session.ObserverFunc(func(_ context.Context, e session.Event) {
		if e.Kind == session.EventDenied {
			fmt.Println("ask", e.UserID, "for a new password")
		}
	})
	manager, err := session.New(memstore.New(), session.Config{Observers: []session.Observer{observer}})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	signIn := func() session.ID {
		ticket, _ := manager.BeginSignIn(ctx, "alice")
		s, _, _ := manager.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
		return s.ID
	}
	mine, strange := signIn(), signIn()

	fmt.Println(manager.Deny(ctx, "alice", strange, mine))
	_, err = manager.Confirm(ctx, "alice", strange, mine) // too late
	fmt.Println(err)
	// Output:
	// ask alice for a new password
	// <nil>
	// session: not found
}
