module github.com/signedin/signedin/middleware/internal/difftest

go 1.26.0

require github.com/signedin/signedin v0.0.0

require github.com/go-chi/chi/v5 v5.5.0

replace github.com/signedin/signedin => ../../../
