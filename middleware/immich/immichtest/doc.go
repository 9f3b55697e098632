// Package immichtest is a stand-in of Immich for tests and demonstrations, as
// httptest is one of the web: it speaks what Immich 3.1 speaks where sessions
// are concerned, to its real clients, and keeps everything in memory.
//
//	fake := immichtest.New()
//	defer fake.Close()
//	alice := fake.AddUser("alice@example.com", "correct horse battery")
//	backend := httptest.NewServer(fake)
//
// It was written from recorded traffic, and does what Immich does also where
// that is not what one would wish: the first credential decides, the device of
// a session is overwritten by later requests, a change of the password ends all
// other sessions whatever was asked, and a WebSocket of a session that was
// deleted stays open and goes on receiving.
//
// It is for tests: passwords are not hashed, an ID token is not verified, and
// what is uploaded is thrown away but for its checksum and the first MiB.
package immichtest
