// Package dbtest tests package maxmind with databases that it makes itself. It
// stands apart, imported by nobody, so that what makes them stays out of the
// module graph of those who import maxmind.
package dbtest
