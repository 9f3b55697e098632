package storetest

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"reflect"
	"time"

	"github.com/signedin/signedin/session"
)

// filled returns a session in which every field is set, to values that differ
// from each other and from those of another seed. It works by reflection, so
// that a field that the contract gets later is not forgotten here.
func filled(seed int) *session.Session {
	s := new(session.Session)
	fill(reflect.ValueOf(s).Elem(), "", seed)
	return s
}

func fill(v reflect.Value, path string, seed int) {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, path, seed)
	n := int(h.Sum32() % 1_000_000)
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = epoch.Add(time.Duration(n) * time.Millisecond)
		return
	case *time.Duration:
		*p = time.Duration(n+1) * time.Millisecond
		return
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)})
		return
	case *netip.Prefix:
		*p = netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(n), 0}), 24)
		return
	}
	fillKind(v, path, seed, n)
}

func fillKind(v reflect.Value, path string, seed, n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s é%d", path, n%1000))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(n%100 + 1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n%100 + 1))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(n%900) / 10)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path, seed)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillEach(v, path, seed)
	case reflect.Array:
		fillEach(v, path, seed)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, fmt.Sprintf("%s key %d", path, i), seed)
			fill(value, fmt.Sprintf("%s value %d", path, i), seed)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), path+"."+v.Type().Field(i).Name, seed)
		}
	default:
		panic("storetest: cannot fill " + v.Type().String() + " at " + path)
	}
}

func fillEach(v reflect.Value, path string, seed int) {
	for i := range v.Len() {
		fill(v.Index(i), fmt.Sprintf("%s[%d]", path, i), seed)
	}
}

// differences names the fields in which two sessions differ. An empty slice or
// map is the same as none.
func differences(got, want *session.Session) []string {
	return diff(nil, "Session", reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem())
}

func diff(all []string, path string, got, want reflect.Value) []string {
	_, opaque := want.Interface().(interface{ MarshalBinary() ([]byte, error) }) // times and addresses
	switch kind := want.Kind(); {
	case kind == reflect.Struct && !opaque:
		for i := range want.NumField() {
			all = diff(all, path+"."+want.Type().Field(i).Name, got.Field(i), want.Field(i))
		}
		return all
	case kind == reflect.Pointer && !got.IsNil() && !want.IsNil():
		return diff(all, path, got.Elem(), want.Elem())
	case (kind == reflect.Slice || kind == reflect.Map) && got.Len() == 0 && want.Len() == 0:
		return all
	case reflect.DeepEqual(got.Interface(), want.Interface()):
		return all
	}
	return append(all, fmt.Sprintf("%s: got %.200s, want %.200s", path, show(got), show(want)))
}

func show(v reflect.Value) string {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return fmt.Sprint(v.Interface())
}
