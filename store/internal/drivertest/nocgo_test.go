//go:build !cgo

package drivertest_test

const cgo = false
