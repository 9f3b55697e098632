module github.com/signedin/signedin/middleware/internal/peers

go 1.26.0

require github.com/signedin/signedin v0.0.0

require github.com/mssola/useragent v1.0.0 // indirect

require (
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/securecookie v1.1.2 // indirect
)

replace github.com/signedin/signedin => ../../..
