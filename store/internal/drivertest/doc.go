// Package drivertest runs the stores on real databases with real drivers. All
// that needs a driver is here, Examples included, and nobody imports it: so
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
package drivertest
