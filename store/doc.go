// Package store is the home of the stores; it holds no code. A store is what
// a [session.Manager] keeps its sessions in. Which to choose:
//
//   - memstore: in the memory of one process. Everybody is signed out when it
//     ends. For tests, demonstrations and programs that never restart.
//   - sqlstore: in a SQL database over jmoiron/sqlx; you bring the driver.
//
// To write another, implement [session.Store] and run storetest.Run on it: the
// contract stands at the interface, and every sentence of it is a rule there.
package store

import "github.com/signedin/signedin/session"

var _ session.Store // for the links above
