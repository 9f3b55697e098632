package risk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/signedin/signedin/session"
)

// Config is how an [Assessor] judges. The zero Config works.
type Config struct {
	// Key keys the hashes in which networks and devices are remembered, beyond
	// the seal that the Manager puts on them. With another Key, every user is
	// a stranger; so of several the first counts. Defaults to none: only the user's ID tells the hashes of
	// users apart.
	Key session.Keys
	// Preset says how readily an alert is raised. Defaults to PresetDefault.
	Preset Preset
	// Failures returns how many wrong passwords were tried for a user in the
	// hour before a time, where several processes count together. Defaults to
	// what [Assessor.Failed] was told.
	Failures func(ctx context.Context, userID string, at time.Time) (int, error)
	// Extra returns what the host knows of a visit: that the address is on a
	// list, or the password in a leak. Its codes start with "ext.". Defaults to
	// nothing.
	Extra func(ctx context.Context, c session.Case) ([]Evidence, error)
}

// An Assessor judges visits by what it has learnt of their user.
type Assessor struct {
	cfg      Config
	key      *[sha256.Size]byte // behind a pointer, or fmt would print it
	failures failures
	reports  reports
}

var _ session.Assessor = (*Assessor)(nil)

// New returns an Assessor. It returns an error if the Config cannot be used.
func New(cfg Config) (*Assessor, error) {
	if !slices.Contains([]Preset{PresetDefault, PresetCalm, PresetPrecise}, cfg.Preset) {
		return nil, fmt.Errorf("risk: Config.Preset: unknown preset %q", string(cfg.Preset))
	}
	if err := cfg.Key.Check(); err != nil {
		return nil, fmt.Errorf("risk: Config.Key: %w", err)
	}
	key := sha256.Sum256(append([]byte("signedin risk"), slices.Concat(cfg.Key.Reveal()[:min(1, len(cfg.Key.Reveal()))]...)...))
	a := &Assessor{cfg: cfg, key: &key}
	a.failures.seed = maphash.MakeSeed()
	return a, nil
}

// Failed notes that a wrong password was given for a user. It counts for an hour,
// in this process alone, and for at most 4,096 users at once: two that fall on
// the same place push each other out. See also [Config].Failures.
func (a *Assessor) Failed(userID string, at time.Time) { a.failures.add(userID, at) }

// Assess judges a visit and learns from it: the Profile of the Verdict is that
// of the Case with the visit in it, written into the capacity behind that if it
// is enough. A Profile that cannot be read, because it is damaged, of another
// Assessor or of a later version, is as good as none. It uses no clock but
// Visit.At.
func (a *Assessor) Assess(ctx context.Context, c session.Case) (session.Verdict, error) {
	if c.Session == nil {
		return session.Verdict{}, errNoSession
	}
	var p profile
	p.read(c.Profile)
	if c.Adopted {
		return session.Verdict{Profile: a.meet(&p, &c)}, nil
	}
	var j judgement
	if err := a.judge(ctx, &p, &c, &j); err != nil {
		return session.Verdict{}, err
	}
	if hasProved(&c) {
		j.level = min(j.level, session.LevelNotice)
	}
	v := session.Verdict{Level: j.level}
	if j.level >= session.LevelAlert && p.isAnswered(&j.findings, j.at) {
		v.Level = session.LevelNotice // but it teaches no sooner than other alerts
	}
	roams := !c.SignIn && v.Level >= session.LevelAlert && j.isOnlyWhere()
	if roams && p.isTold(&j.observation) {
		v.Level, roams = session.LevelNotice, false
	}
	v.Signals = j.signals(&c.Visit, v.Level)
	if c.SignIn {
		a.failures.clear(c.Session.UserID)
		v.Provisional = v.Level >= session.LevelAlert
	}
	if !c.SignIn && isRepeated(&c, v.Signals) {
		v.Level, v.Signals, roams = session.LevelNone, nil, false
	}
	if roams {
		p.roam(j.at)
	}
	a.reports.add(c.SignIn, &v)
	switch {
	case isDoubted(&c):
		if roams {
			v.Profile = p.encode(c.Profile)
		}
		return v, nil
	case j.level >= session.LevelAlert:
		p.doubt(&j.observation, &j.findings, c.SignIn)
	default:
		p.learn(&j.observation, c.SignIn)
	}
	v.Profile = p.encode(c.Profile)
	return v, nil
}

// meet learns of a session that was found in use.
func (a *Assessor) meet(p *profile, c *session.Case) []byte {
	h := a.hasher(c.Session.UserID)
	o := h.observe(&c.Visit)
	o.keys[traitDevice] = binary.BigEndian.Uint32(c.Session.DeviceKey[:])
	p.believe(o.at)
	p.learn(&o, false)
	return p.encode(c.Profile)
}

// isDoubted reports whether a move is one of a session that is not believed
// yet, because of its sign-in or of an alert since: what it does teaches
// nothing.
func isDoubted(c *session.Case) bool {
	s, since := c.Session, c.Visit.At.Add(-quarantine)
	return s.Provisional && s.First.At.After(since) ||
		slices.ContainsFunc(s.OpenSignals(), func(g session.Signal) bool {
			return g.Level >= session.LevelAlert && g.At.After(since) && g.At.After(s.AuthenticatedAt)
		})
}

// judgement is what was seen of a visit and what was found.
type judgement struct {
	observation
	findings
	level session.Level
}

// judge judges a visit by the user's profile. Only quarantine that has passed
// changes it.
func (a *Assessor) judge(ctx context.Context, p *profile, c *session.Case, j *judgement) (err error) {
	h := a.hasher(c.Session.UserID)
	j.observation = h.observe(&c.Visit)
	p.believe(j.at)
	p.welcome(j.at)
	if c.SignIn {
		j.recognized = c.Session.Familiarity == session.FamiliarityKnown
		j.keys[traitDevice] = binary.BigEndian.Uint32(c.Session.DeviceKey[:])
		j.cookieless = c.Session.Carrier == session.CarrierForeign && c.Session.DeviceKey == (session.DeviceKey{})
		if j.wrong, err = a.wrongPasswords(ctx, c); err != nil {
			return err
		}
		j.findings = p.signIn(&j.observation)
	} else {
		was := h.observe(&c.Session.Last)
		j.findings = p.move(&j.observation, &was, c)
	}
	if a.cfg.Extra != nil {
		lines, err := a.cfg.Extra(ctx, *c)
		if err != nil {
			return fmt.Errorf("risk: extra: %w", err)
		}
		j.addExtra(lines)
	}
	j.level = a.level(p, j, c)
	return nil
}

func (a *Assessor) level(p *profile, j *judgement, c *session.Case) session.Level {
	if c.SignIn {
		return a.signInLevel(p, &j.findings, c.Session.Methods)
	}
	return a.moveLevel(&j.findings)
}

func (a *Assessor) wrongPasswords(ctx context.Context, c *session.Case) (int, error) {
	if a.cfg.Failures == nil {
		return a.failures.count(c.Session.UserID, c.Visit.At), nil
	}
	n, err := a.cfg.Failures(ctx, c.Session.UserID, c.Visit.At)
	if err != nil {
		return 0, fmt.Errorf("risk: failures: %w", err)
	}
	return n, nil
}
