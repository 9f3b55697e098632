module github.com/signedin/signedin

go 1.26.0
