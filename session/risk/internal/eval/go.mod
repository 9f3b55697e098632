module github.com/signedin/signedin/session/risk/internal/eval

go 1.26.0

require github.com/signedin/signedin v0.0.0

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/mssola/useragent v1.0.0 // indirect
)

replace github.com/signedin/signedin => ../../../..
