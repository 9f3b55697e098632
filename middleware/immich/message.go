package immich

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

const serverConfig = "GET /api/server/config"

// wantsMessage reports whether the answer to r has the message of Immich's sign-in page
// for a browser: apps show it as it stands.
func (p *Proxy) wantsMessage(r *http.Request) bool {
	return p.cfg.SignInMessage != nil && r.Header.Get("Sec-Fetch-Mode") != "" && route(r) == serverConfig
}

// addMessage adds ours to the message of Immich's sign-in page. What it cannot read it
// leaves as it is.
func (p *Proxy) addMessage(r *http.Request, res *http.Response) {
	head, err := peek(res, maxBirth+1)
	if err != nil || len(head) > maxBirth || res.Header.Get("Content-Encoding") != "" {
		return
	}
	var config map[string]json.RawMessage
	var theirs string
	if json.Unmarshal(head, &config) != nil || json.Unmarshal(config["loginPageMessage"], &theirs) != nil {
		return
	}
	if theirs != "" {
		theirs += "<br>"
	}
	if config["loginPageMessage"], err = json.Marshal(theirs + p.cfg.SignInMessage(r)); err != nil {
		return
	}
	body, err := json.Marshal(config)
	if err != nil {
		return
	}
	_ = res.Body.Close()
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	res.Header.Del("Etag")
}
