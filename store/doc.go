// Package store is the home of the stores, and of what they say alike. A store
// is what a [session.Manager] keeps its sessions in. Which to choose:
//
//   - memstore: in the memory of one process. Everybody is signed out when it
//     ends. For tests, demonstrations and programs that never restart.
//   - sqlstore: in PostgreSQL, MySQL, MariaDB or SQLite over jmoiron/sqlx; you
//     bring the driver.
//   - redisstore: in Redis or Valkey, one server or a cluster.
//   - cachestore: copies in memory in front of one of the others, with a bus
//     (pgbus, redisstore.NewBus, pollbus) that tells when to drop them.
//
// To write another, implement [session.Store] and run storetest.Run on it: the
// contract stands at the interface, and every sentence of it is a rule there.
package store

import "github.com/signedin/signedin/session"

var _ session.Store // for the links above
