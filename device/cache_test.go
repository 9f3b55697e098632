package device_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/signedin/signedin/device"
)

func TestSmallCacheForgetsNothingButTime(t *testing.T) {
	t.Parallel()
	p := device.New(device.Config{CacheSize: 4})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				h := device.Hints{UserAgent: fmt.Sprintf("curl/%d.5.0", i%10+1)}
				if got, want := p.Parse(h).Subtitle(), fmt.Sprintf("curl %d.5", i%10+1); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestHintsAreAllOfTheKey(t *testing.T) {
	t.Parallel()
	p := device.New(device.Config{})
	p.Parse(hinted)
	other := hinted
	other.Model = `"Pixel 9"`
	if got := p.Parse(other).Model; got != "Pixel 9" {
		t.Errorf("got %q, want Pixel 9", got)
	}
}
