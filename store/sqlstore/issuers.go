package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/signedin/signedin/session"
)

var _ session.Issuers = (*Store)(nil)

// ofIssuers are about single keys, but for what a purge does.
func (p *statements) ofIssuers() []statement {
	return []statement{
		{&p.link, `INSERT INTO signedin_issued (issuer_key, session_id, kept_until) VALUES (?, ?, ?)
			ON CONFLICT (issuer_key, session_id) DO NOTHING`},
		{&p.linked, `SELECT s.id, s.user_id FROM signedin_issued i JOIN signedin_sessions s ON s.id = i.session_id
			WHERE i.issuer_key = ? AND i.session_id > ? AND s.ended_at IS NULL ORDER BY i.session_id LIMIT ?`},
		{&p.unlink, `DELETE FROM signedin_issued WHERE session_id IN ({ids})`},
		{&p.counter, `SELECT counter FROM signedin_issuers WHERE issuer_key = ?`},
		{&p.count, `INSERT INTO signedin_issuers (issuer_key, counter, kept_until) VALUES (?, 1, ?)
			ON CONFLICT (issuer_key) DO UPDATE SET counter = signedin_issuers.counter + 1, kept_until =
			CASE WHEN excluded.kept_until > signedin_issuers.kept_until THEN excluded.kept_until ELSE signedin_issuers.kept_until END`},
		{&p.oldLinks, `SELECT session_id FROM signedin_issued WHERE kept_until < ? ORDER BY kept_until LIMIT ? {skip}`},
		{&p.oldCounters, `SELECT issuer_key FROM signedin_issuers WHERE kept_until < ? ORDER BY kept_until LIMIT ? {skip}`},
		{&p.removeCounters, `DELETE FROM signedin_issuers WHERE issuer_key IN ({ids})`},
	}
}

func mysqlOfIssuers(p *statements) []statement {
	return []statement{
		{&p.link, `INSERT INTO signedin_issued (issuer_key, session_id, kept_until) VALUES (?, ?, ?)`},
		{&p.unlink, `DELETE i FROM JSON_TABLE(?, '$[*]' COLUMNS (v CHAR(32) PATH '$' ERROR ON ERROR)) t
			STRAIGHT_JOIN signedin_issued i FORCE INDEX (signedin_issued_session) ON i.session_id = unhex(t.v)`},
		{&p.count, `INSERT INTO signedin_issuers (issuer_key, counter, kept_until) VALUES (?, 1, ?)
			ON DUPLICATE KEY UPDATE counter = counter + 1, kept_until = greatest(kept_until, ?)`},
		{&p.removeCounters, `DELETE i FROM JSON_TABLE(?, '$[*]' COLUMNS (v CHAR(32) PATH '$' ERROR ON ERROR)) t
			STRAIGHT_JOIN signedin_issuers i FORCE INDEX (PRIMARY) ON i.issuer_key = unhex(t.v)`},
	}
}

// Link notes that a session belongs to keys.
func (st *Store) Link(ctx context.Context, id session.ID, keys []session.IssuerKey, until time.Time) error {
	keys = slices.Clone(keys)
	return st.fail(ctx, "link", await0(ctx, st, func() error {
		for _, key := range keys {
			if _, err := st.add(ctx, st.stmts.link, key[:], id[:], until.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Linked returns sessions that belong to a key.
func (st *Store) Linked(ctx context.Context, key session.IssuerKey, after session.ID, limit int) ([]session.Owned, error) {
	all, err := again(ctx, st, func() (all []session.Owned, err error) {
		rows, err := st.query(ctx, st.stmts.linked, key[:], after[:], limit)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var l session.Owned
			if err := rows.Scan(&l.ID, &l.UserID); err != nil {
				return nil, err
			}
			all = append(all, l)
		}
		return all, errors.Join(rows.Err(), rows.Close())
	})
	return all, st.fail(ctx, "linked", err)
}

// Counters returns the counter of each key.
func (st *Store) Counters(ctx context.Context, keys []session.IssuerKey) ([]int64, error) {
	keys = slices.Clone(keys)
	all, err := again(ctx, st, func() ([]int64, error) {
		all := make([]int64, len(keys))
		for i, key := range keys {
			if err := st.getRow(ctx, &all[i], st.stmts.counter, key[:]); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		return all, nil
	})
	return all, st.fail(ctx, "counters", err)
}

// Count adds one to the counter of each key.
func (st *Store) Count(ctx context.Context, keys []session.IssuerKey, until time.Time) error {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b session.IssuerKey) int { return bytes.Compare(a[:], b[:]) }) // the order in which everybody locks them
	at := until.UnixMilli()
	return st.fail(ctx, "count", await0(ctx, st, func() error {
		return st.transaction(ctx, func(tx *tx) error {
			for _, key := range keys {
				args := []any{key[:], at}
				if st.dialect.noReturn {
					args = append(args, at)
				}
				if _, err := tx.exec(st.stmts.count, args...); err != nil {
					return err
				}
			}
			return nil
		})
	}))
}

// forgetIssued deletes what was to be kept until before now, at most limit of
// each kind.
func (st *Store) forgetIssued(tx *tx, now time.Time, limit int) (looked int, err error) {
	var links, counters []session.ID // keys are as long
	if err := tx.sel(&links, st.stmts.oldLinks, now.UnixMilli(), limit); err != nil {
		return 0, err
	}
	if len(links) > 0 {
		if _, err := st.unlink(tx, links); err != nil {
			return 0, err
		}
	}
	if err := tx.sel(&counters, st.stmts.oldCounters, now.UnixMilli(), limit); err != nil || len(counters) == 0 {
		return len(links), err
	}
	arg, err := encodeIDs(counters)
	if err == nil {
		_, err = tx.exec(st.stmts.removeCounters, arg)
	}
	return max(len(links), len(counters)), err
}
