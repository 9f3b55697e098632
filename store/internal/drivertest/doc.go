// Package drivertest runs the stores on real databases with real drivers. All
// that needs more than one driver is here, and nobody imports it: so
// the drivers are no dependency of those who import a store.
//
// SQLite needs nothing. A test that needs a server is skipped, and says so,
// unless the environment names one:
//
//	SIGNEDIN_TEST_POSTGRES  a PostgreSQL URL
//	SIGNEDIN_TEST_MYSQL     a MySQL or MariaDB data source name
//	SIGNEDIN_TEST_REDIS     a Redis URL
//
// With REQUIRE_SERVICES=1 it fails instead of being skipped.
//
// What was counted is logged in lines of one form (see report), which .ci/run
// gathers, by the file that SIGNEDIN_TABLE names, into a table with a row for
// each store and a column for each key:
//
//	signedin-table: postgres(pgx) rules=71 passed=71
//	signedin-table: postgres(pgx) races=5000 accepted=0
//
// Whole numbers under one key of one store are added up; of anything else the
// last one counts. Keys in use:
//
//	rules, passed                rules of the contract that were checked, and that held
//	races, overlapped            rounds of storetest.Race, and those with an overlap
//	checks, accepted             checks that began after a revocation had returned, and
//	                             those of them that found the session live
//	histories, illegal           histories that were judged, and that no order of events explains
//	kills, acknowledged, lost    kills of the server, revocations acknowledged before them, and undone
//	processes                    rounds of a revocation in one process and checks in two others
//	stale                        checks there that a cache accepted after it
//	p50, p99.9, longest          by how much they were late, in milliseconds
//	cut                          the longest while a process hears nothing
//	hits                         answers that a cache gave from a copy
//	beside-previous, cached      rounds with a process of the version before, strict and with copies
//	cells, in-trouble            calls while the way to the server is in trouble, and those that failed
//	over-bound, by               by how much the latest of them was later than its bound, and which that is
//	answers-after, signs-in-after  how long after the trouble the first read, and then a sign-in, succeeded
//
// A store is called as its kind and driver, with +cache if copies are kept.
//
// TestSize, a long run, says how many sessions there were in the name of the
// store, how long it took to make them (filled), and the medians and 99th
// percentiles of reading one session (get), listing a user's 20 (list), revoking
// one (revoke) and all others but one (except).
package drivertest
