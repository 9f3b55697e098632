package immichtest

import (
	"io"
	"net/http"
	"strings"
)

// playlist is of a video in two segments (RFC 8216).
const playlist = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXTINF:6,
0.m4s
#EXTINF:6,
1.m4s
#EXT-X-ENDLIST
`

// video serves a video that is made while it is watched: its playlist, and its
// segments, which are the lines of SetStream.
func (s *Server) video(w http.ResponseWriter, r *http.Request, c caller) {
	if _, ok := s.asset(c, r.PathValue("id")); !ok {
		refuse(w, http.StatusBadRequest, "Not found or no asset.view access")
		return
	}
	if strings.HasSuffix(r.PathValue("part"), ".m3u8") {
		w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
		_, _ = io.WriteString(w, playlist)
		return
	}
	w.Header().Set("Content-Type", "video/mp4")
	s.send(w, r, "a segment\n")
}
