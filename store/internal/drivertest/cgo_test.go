//go:build cgo

package drivertest_test

import _ "github.com/mattn/go-sqlite3"

const cgo = true
