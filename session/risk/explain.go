package risk

import (
	"context"
	"errors"

	"github.com/signedin/signedin/session"
)

// Evidence is one line of what speaks for or against a visit.
type Evidence struct {
	Code string
	// Points are ten times the natural logarithm of how much likelier this is
	// of a stranger than of the user: they may be added.
	Points int
	// Text is the sentence that gives it as a reason, if it is one. Of the
	// Assessor's own evidence, only a [session.Signal] has it.
	Text string
}

// Explain returns the lines of evidence of a visit, for those who support
// users and those who tune. It learns nothing.
func (a *Assessor) Explain(ctx context.Context, c session.Case) ([]Evidence, error) {
	if c.Session == nil {
		return nil, errNoSession
	}
	var p profile
	if err := p.decode(c.Profile); err != nil {
		return nil, err
	}
	var j judgement
	if err := a.judge(ctx, &p, &c, &j); err != nil {
		return nil, err
	}
	lines := make([]Evidence, 0, j.n+len(j.extra))
	for _, x := range j.all[:j.n] {
		lines = append(lines, Evidence{Code: x.code, Points: x.points})
	}
	return append(lines, j.extra...), nil
}

var errNoSession = errors.New("risk: a Case without a Session")
