package redisstore_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCommandsAreTried holds commands.lua to what the other scripts call.
func TestCommandsAreTried(t *testing.T) {
	files, err := filepath.Glob("scripts/*.lua")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	text := func(file string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	tried := text("scripts/commands.lua")
	for _, file := range files {
		for _, m := range regexp.MustCompile(`(?:redis\.p?call\(|\band |\bor )'([A-Z]+)'`).FindAllStringSubmatch(text(file), -1) {
			if !strings.Contains(tried, "{'"+m[1]+"'") {
				t.Errorf("%s calls %s, which commands.lua does not try", file, m[1])
			}
		}
	}
}
