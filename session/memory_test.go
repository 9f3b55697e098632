package session_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// What clients send, good or forged, takes bounded memory.
func TestMemoryIsBounded(t *testing.T) {
	longest := 0
	b := newBench(t, session.Config{MaxPerUser: -1, Device: func(h device.Hints) device.Device {
		for _, s := range []string{h.UserAgent, h.Brands, h.FullVersions, h.Mobile, h.Platform, h.PlatformVersion, h.Model, h.FormFactors, h.AppModel, h.AppPlatform} {
			longest = max(longest, len(s))
		}
		return device.Device{}
	}})
	for range 5000 {
		var c session.Credential
		_, _ = rand.Read(c.ID[:])
		_, _ = rand.Read(c.Hash[:])
		if _, err := b.Resume(t.Context(), c, home); !errors.Is(err, session.ErrUnknown) {
			t.Fatal(err)
		}
	}
	if n := b.Hub().Remembered(); n != 0 {
		t.Errorf("%d forged IDs are remembered", n)
	}
	long := strings.Repeat("x", 1<<16)
	huge := session.Origin{IP: home.IP, Hints: device.Hints{UserAgent: long, Brands: long, FullVersions: long, Mobile: long, Platform: long,
		PlatformVersion: long, Model: long, FormFactors: long, AppModel: long, AppPlatform: long}}
	ticket, err := b.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	base, token, err := b.Start(t.Context(), ticket, huge, session.StartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	huge.IP = hotel.IP
	if _, err := b.Resume(t.Context(), token.Credential(), huge); err != nil || longest == 0 || longest > 1024 {
		t.Errorf("hints of %d bytes, %v", longest, err)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	const shard = 2048 // what one of 64 shards remembers
	for range shard + shard/4 {
		s := base.Clone()
		if s.ID, err = uuid.NewV7(); err != nil {
			t.Fatal(err)
		}
		s.ID[15] = 0 // all in one
		if err := b.store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Resume(t.Context(), session.Credential{ID: s.ID, Hash: s.Secrets.Current}, home); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Hub().Remembered(); n < shard/2 || n > shard+1 {
		t.Errorf("%d sessions are remembered", n)
	}
}
