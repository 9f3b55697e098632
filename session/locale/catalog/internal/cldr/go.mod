module github.com/signedin/signedin/session/locale/catalog/internal/cldr

go 1.26.0

require github.com/signedin/signedin v0.0.0

replace github.com/signedin/signedin => ../../../../..
