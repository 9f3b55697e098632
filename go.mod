module github.com/signedin/signedin

go 1.26.0

require (
	github.com/google/uuid v1.6.0
	github.com/gorilla/securecookie v1.1.2
	github.com/phuslu/iploc v1.0.20260915
)
