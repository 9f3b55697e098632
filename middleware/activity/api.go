package activity

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

const (
	maxBody    = 4 << 10 // bytes, of a form or of JSON
	maxHistory = 100     // sessions that are over, in one answer
)

var (
	errNotJSON = problemError{"not-json", "the Content-Type is not application/json"}
	errBody    = problemError{"bad-body", `the body is not {"name": "..."}`}
)

//go:embed openapi.yaml
var openAPI []byte

func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml") // RFC 9512
	_, _ = w.Write(openAPI)                            // the client has gone
}

// api answers with the JSON of what f returns, or with nothing if that is nil.
func (h *Handler) api(f func(http.ResponseWriter, *http.Request, *session.Session) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		body, err := f(w, r, own(r))
		switch {
		case err != nil:
			status := statusOf(err)
			h.trouble(w, r, status, err)
			middleware.Problem(w, r, status, h.words(r).problem(err))
		case body == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(body) // the client has gone
		}
	})
}

// own returns the session that asks. Require has seen to it that there is one.
func own(r *http.Request) *session.Session {
	s, _ := session.FromContext(r.Context())
	return s
}

func statusOf(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, session.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, errNotJSON):
		return http.StatusUnsupportedMediaType
	case errors.Is(err, errBody), errors.Is(err, errCursor), errors.Is(err, session.ErrInvalidName):
		return http.StatusBadRequest
	case errors.Is(err, errForm), errors.Is(err, session.ErrNotOlder):
		return http.StatusForbidden
	case errors.Is(err, errElsewhere):
		return http.StatusBadGateway
	}
	return http.StatusServiceUnavailable
}

// trouble prepares the answer to a request that failed by no fault of the
// client's.
func (h *Handler) trouble(w http.ResponseWriter, r *http.Request, status int, err error) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
		h.tellLog(r, slog.LevelError, "activity: request failed", err)
	}
}

// tellLog tells the log of trouble, which it is not that a client has gone and
// what was read for it was given up.
func (h *Handler) tellLog(r *http.Request, level slog.Level, message string, err error) {
	if !errors.Is(r.Context().Err(), context.Canceled) {
		h.cfg.Logger.Log(r.Context(), level, message, "path", r.URL.Path, "error", err)
	}
}

// ownOr tells requests about the session that asks from those about others.
func ownOr(mine, other http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if parseID(r.PathValue("id")) == own(r).ID {
			mine.ServeHTTP(w, r)
			return
		}
		other.ServeHTTP(w, r)
	})
}

// parseID returns the zero ID, which no session has, for what is none: from
// there on it is treated like one that is unknown.
func parseID(text string) (id session.ID) {
	if len(text) != 36 || id.UnmarshalText([]byte(text)) != nil {
		return session.ID{}
	}
	return id
}

// listSessions answers with one page of the list. How many sessions there are
// stands in Total-Count, and where the next page is in Link (RFC 8288).
func (h *Handler) listSessions(w http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	l, err := h.listing(r, me)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(l.current, l.flagged, l.rest)
	total := l.total
	if l.after != "" || len(l.current) > 0 {
		total++ // this one
	}
	w.Header().Set("Total-Count", strconv.Itoa(total))
	if l.next != "" {
		q := url.Values{"after": {l.next}}
		if l.search != "" {
			q.Set("q", l.search)
		}
		w.Header().Set("Link", "<"+h.public+"/api/sessions?"+q.Encode()+`>; rel="next"`)
	}
	return h.encode(r, all, me), nil
}

func (h *Handler) history(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	ended, err := h.past(r, me, maxHistory)
	if err != nil {
		return nil, err
	}
	return h.encode(r, ended, me), nil
}

// past returns the sessions that are over, none to one that is in doubt.
func (h *Handler) past(r *http.Request, me *session.Session, limit int) ([]*session.Session, error) {
	if !me.Believed() {
		return nil, nil
	}
	return h.manager.History(r.Context(), me.UserID, limit)
}

func (h *Handler) patch(w http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	name, err := readName(r)
	if errors.Is(err, errNotJSON) {
		w.Header().Set("Accept-Patch", "application/json") // RFC 5789
	}
	if err != nil {
		return nil, err
	}
	s, err := h.manager.Rename(r.Context(), me.UserID, parseID(r.PathValue("id")), name)
	if err != nil {
		return nil, err
	}
	return h.words(r).encode(s, me), nil
}

// readName reads {"name": "..."} and takes nothing else for it.
func readName(r *http.Request) (string, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return "", errNotJSON
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	var body map[string]*string // not a struct, which would take "NAME" as well
	if json.Unmarshal(data, &body) != nil || len(body) != 1 || body["name"] == nil {
		return "", errBody
	}
	name := *body["name"]
	if strings.ContainsRune(name, utf8.RuneError) { // what is no UTF-8, or half a character, has become of it
		return "", fmt.Errorf("%w: not UTF-8", session.ErrInvalidName)
	}
	return name, nil
}

func (h *Handler) delete(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	id := parseID(r.PathValue("id"))
	if err := h.manager.Revoke(r.Context(), me.UserID, id, session.ReasonSignedOutRemote); err != nil {
		return nil, err
	}
	h.reviewed(r, me)
	return nil, h.ended(r, id)
}

func (h *Handler) deleteOwn(w http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	if err := h.mw.SignOut(w, r); err != nil {
		return nil, err
	}
	return nil, h.ended(r, me.ID)
}

func (h *Handler) revokeOthers(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	n, err := h.endOthers(r, me)
	if err == nil {
		err = h.ended(r, session.ID{})
	}
	if err != nil {
		return nil, err
	}
	h.reviewed(r, me)
	return struct {
		Revoked int `json:"revoked"`
	}{n}, nil
}

// endOthers does not call [middleware.Middleware.RevokeOthers], which would
// take the click for a new proof of who the user is.
func (h *Handler) endOthers(r *http.Request, me *session.Session) (int, error) {
	return h.manager.RevokeAllExcept(r.Context(), me.UserID, me.ID, session.ReasonSignedOutOthers)
}
