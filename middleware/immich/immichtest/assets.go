package immichtest

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// keep is how much of an upload is kept.
const keep = 1 << 20

type asset struct {
	id, owner string
	checksum  string // SHA-1 in hex
	created   time.Time
	open      func() io.ReadSeeker
}

// AddAsset adds a file of a user and returns its ID. Open returns the content,
// anew for each request.
func (s *Server) AddAsset(userID string, open func() io.ReadSeeker) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &asset{id: uuid.NewString(), owner: userID, created: now(), open: open}
	s.assets = append(s.assets, a)
	return a.id
}

// Zeros returns a file of n zeros that takes no memory.
func Zeros(n int64) io.ReadSeeker { return io.NewSectionReader(zeros{}, 0, n) }

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

// asset returns a file of the caller.
func (s *Server) asset(c caller, id string) (asset, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.assets {
		if a.id == id && a.owner == c.user.ID {
			return *a, true
		}
	}
	return asset{}, false
}

// original serves a file, or the parts that are asked for.
func (s *Server) original(w http.ResponseWriter, r *http.Request, c caller) {
	a, ok := s.asset(c, r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusBadRequest, "Not found or no asset.download access")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Etag", `"`+a.id+`"`)
	http.ServeContent(w, r, "", a.created, a.open())
}

// checksum returns a SHA-1 as hex, of the hex or the base64 that clients send.
func checksum(text string) string {
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(raw) == sha1.Size {
		return hex.EncodeToString(raw)
	}
	return text
}

// known returns the ID of the caller's file with this checksum.
func (s *Server) known(c caller, sum string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.assets {
		if sum != "" && a.checksum == sum && a.owner == c.user.ID {
			return a.id
		}
	}
	return ""
}

type uploaded struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// upload takes a file in, of any size.
func (s *Server) upload(w http.ResponseWriter, r *http.Request, c caller) {
	if id := s.known(c, checksum(r.Header.Get("X-Immich-Checksum"))); id != "" {
		answer(w, http.StatusOK, uploaded{id, "duplicate"})
		return
	}
	sum, head, err := sink(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "Unexpected end of form")
		return
	}
	if id := s.known(c, sum); id != "" {
		answer(w, http.StatusOK, uploaded{id, "duplicate"})
		return
	}
	id := s.AddAsset(c.user.ID, func() io.ReadSeeker { return bytes.NewReader(head) })
	s.mu.Lock()
	for _, a := range s.assets {
		if a.id == id {
			a.checksum = sum
		}
	}
	s.mu.Unlock()
	answer(w, http.StatusCreated, uploaded{id, "created"})
}

// sink reads the file of a form and returns its checksum and how it begins.
func sink(r *http.Request) (sum string, head []byte, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, err
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) && sum != "" {
			return sum, head, nil
		}
		if err != nil {
			return "", nil, err
		}
		if part.FormName() != "assetData" {
			continue
		}
		hash := sha1.New()
		body := io.TeeReader(part, hash)
		if head, err = io.ReadAll(io.LimitReader(body, keep)); err == nil {
			_, err = io.Copy(io.Discard, body)
		}
		if err != nil {
			return "", nil, err
		}
		sum = hex.EncodeToString(hash.Sum(nil))
	}
}

func (s *Server) bulkUploadCheck(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct {
		Assets []struct{ ID, Checksum string }
	}
	if !read(w, r, &in, nil) {
		return
	}
	type result struct {
		ID        string `json:"id"`
		Action    string `json:"action"`
		Reason    string `json:"reason,omitempty"`
		AssetID   string `json:"assetId,omitempty"`
		IsTrashed bool   `json:"isTrashed"`
	}
	out := []result{}
	for _, a := range in.Assets {
		verdict := result{ID: a.ID, Action: "accept"}
		if known := s.known(c, checksum(a.Checksum)); known != "" {
			verdict = result{a.ID, "reject", "duplicate", known, false}
		}
		out = append(out, verdict)
	}
	answer(w, http.StatusOK, map[string]any{"results": out})
}

func (s *Server) statistics(w http.ResponseWriter, _ *http.Request, c caller) {
	s.mu.Lock()
	n := 0
	for _, a := range s.assets {
		if a.owner == c.user.ID {
			n++
		}
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]int{"images": n, "videos": 0, "total": n})
}

// SetStream makes the sync stream, and a segment of a video, send the lines that
// come, each at once, until the channel is closed. Without it they have one line.
func (s *Server) SetStream(lines <-chan string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = lines
}

func (s *Server) syncStream(w http.ResponseWriter, r *http.Request, _ caller) {
	w.Header().Set("Content-Type", "application/jsonlines+json")
	s.send(w, r, `{"type":"SyncCompleteV1","data":{},"ack":"SyncCompleteV1"}`+"\n")
}

// send sends the lines of SetStream, or else the one.
func (s *Server) send(w http.ResponseWriter, r *http.Request, otherwise string) {
	s.mu.Lock()
	lines := s.stream
	s.mu.Unlock()
	if lines == nil {
		_, _ = io.WriteString(w, otherwise)
		return
	}
	rc := http.NewResponseController(w)
	_ = rc.Flush()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return
			}
			_, _ = io.WriteString(w, line+"\n")
			_ = rc.Flush()
		case <-r.Context().Done():
			return
		}
	}
}
