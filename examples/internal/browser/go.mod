module github.com/signedin/signedin/examples/internal/browser

go 1.26.0

replace github.com/signedin/signedin => ../../..

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/coder/websocket v1.8.15
	github.com/signedin/signedin v0.0.0
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/securecookie v1.1.2 // indirect
	github.com/mssola/useragent v1.0.0 // indirect
	github.com/phuslu/iploc v1.0.20260915 // indirect
)
