package session_test

import (
	"reflect"
	"testing"
	"unique"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// Whatever a client says otherwise than before makes it another one.
func TestIsSameLooksAtAll(t *testing.T) {
	plain := device.Hints{UserAgent: "a browser"}
	full := plain
	for i := range reflect.TypeFor[device.Hints]().NumField() {
		reflect.ValueOf(&full).Elem().Field(i).SetString("something")
	}
	for _, known := range []device.Hints{plain, full} {
		if h := known; !session.IsSame(unique.Make(known), &h) {
			t.Errorf("not the same: %+v", h)
		}
		for i := range reflect.TypeFor[device.Hints]().NumField() {
			h := known
			f := reflect.ValueOf(&h).Elem().Field(i)
			f.SetString(f.String() + "x")
			if session.IsSame(unique.Make(known), &h) || session.IsSame(unique.Make(h), &known) {
				t.Errorf("%s is not looked at", reflect.TypeFor[device.Hints]().Field(i).Name)
			}
		}
	}
}
