package demo

import (
	"os"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestMain(m *testing.M) {
	cost = bcrypt.MinCost
	os.Exit(m.Run())
}
