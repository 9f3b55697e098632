//go:build !race

package drivertest_test

const raceRounds = 5000
