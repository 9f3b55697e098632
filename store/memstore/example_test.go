package memstore_test

import (
	"fmt"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// A Manager that keeps its sessions in the memory of this process: for a first
// try, and for tests.
func Example() {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(manager.Limits().Idle)
	// Output: 168h0m0s
}
