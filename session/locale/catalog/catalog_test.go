package catalog

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session/locale"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
)

var pack = flag.Bool("pack", false, "write the folder packed")

// What is linked is what is in the folders text and cldr.
func TestPacked(t *testing.T) {
	t.Parallel()
	for _, tag := range Tags() {
		var source []byte
		for _, folder := range []string{"text", "cldr"} {
			b, err := os.ReadFile(folder + "/" + tag + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			source = append(source, b...)
		}
		if !bytes.HasSuffix(source, []byte("\n")) || !bytes.Contains(source, []byte("Not reviewed by a native speaker.")) {
			t.Errorf("%s: does not say who has reviewed it", tag)
		}
		if *pack {
			var b bytes.Buffer
			z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
			_, _ = z.Write(source)
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("packed/"+tag+".gz", b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if unpack(tag) != string(source) {
			t.Errorf("%s: text and cldr have changed: go generate ./session/locale/catalog", tag)
		}
	}
}

// english returns all texts that there are to translate.
func english() map[string]string {
	all := activity.Texts()
	maps.Copy(all, middleware.Texts())
	maps.Copy(all, immich.Texts())
	maps.Copy(all, notice.Texts())
	maps.Copy(all, locale.Texts())
	for code, text := range risk.Sentences() {
		all["signal."+code] = text
	}
	return all
}

// ownWords are those that a language may have in common with English.
var ownWords = regexp.MustCompile(`^(page\.(apps|browsers|name|ok|help|programs|why|badge\.[a-z-]+)|device\.(some app|some app on|app|app on|bot|tv|on|nameless)|place\.city)$`)

var verbs = regexp.MustCompile(`%(?:\[(\d)\])?([sd])|\{\w+\}`)

// args returns what a text has filled in, sorted.
func args(text string) (all []string) {
	next := 1
	for _, m := range verbs.FindAllStringSubmatch(text, -1) {
		if m[2] == "" {
			all = append(all, m[0])
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		all = append(all, fmt.Sprint(next, m[2]))
		next++
	}
	slices.Sort(all)
	return all
}

// counted is how a text is asked for that has a number in it: by that number.
var counted = regexp.MustCompile(`%(\[\d\])?d|\{(n|hours|days)\}`)

// samples returns the forms of each language, with numbers that take them.
func samples(t *testing.T) map[string]map[string][]int {
	t.Helper()
	b, err := os.ReadFile("testdata/plurals.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[string][]int)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if all[f[0]] == nil {
			all[f[0]] = make(map[string][]int)
		}
		for _, sample := range f[2:] {
			from, to, _ := strings.Cut(sample, "~")
			first, err := strconv.Atoi(from)
			if err != nil {
				continue // "1c6", which nothing here is
			}
			last, err := strconv.Atoi(to)
			if err != nil {
				last = first
			}
			for n := first; n <= last; n++ {
				all[f[0]][f[1]] = append(all[f[0]][f[1]], n)
			}
		}
	}
	return all
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	all := samples(t)
	for _, l := range languages {
		if len(all[l.tag]) == 0 {
			t.Errorf("%s: nothing is known of its plurals", l.tag)
		}
		for form, numbers := range all[l.tag] {
			for _, n := range numbers {
				if got := l.plural(n); got != form {
					t.Errorf("%s: %d takes %s, want %s", l.tag, n, got, form)
				}
			}
		}
	}
}

// Every text is there, in each form that the language has for numbers from two
// on, with what is filled in, and nothing else is.
func TestComplete(t *testing.T) {
	t.Parallel()
	forms, english := samples(t), english()
	for _, tag := range Tags() {
		texts := maps.Clone(Get(tag).Texts)
		check := func(name, form, text string) {
			key := name
			if form != "" {
				key += "[" + form + "]"
			}
			got, ok := texts[key]
			delete(texts, key)
			isCount := func(arg string) bool { return strings.HasSuffix(arg, "d") || counted.MatchString(arg) }
			want := args(text)
			if form == "two" && !slices.ContainsFunc(args(got), isCount) { // who speaks of two devices may leave the number out
				want = slices.DeleteFunc(want, isCount)
			}
			switch {
			case !ok || strings.TrimSpace(got) != got || got == "":
				t.Errorf("%s: no %s for %q", tag, key, text)
			case !slices.Equal(args(got), want):
				t.Errorf("%s: %s: %q has other arguments than %q", tag, key, got, text)
			case got == text && len(verbs.ReplaceAllString(text, "")) > 8 && !ownWords.MatchString(name):
				t.Errorf("%s: %s is English: %q", tag, key, got)
			}
		}
		for name, text := range english {
			if !counted.MatchString(text) || text == "%s (%d)" {
				check(name, "", text)
				continue
			}
			for form, numbers := range forms[tag] {
				if slices.ContainsFunc(numbers, func(n int) bool { return n >= 2 && n < 1_000_000 }) {
					check(name, form, text)
				}
			}
		}
		for name := range texts {
			base, _, isForm := strings.Cut(name, "[")
			if text, ok := english[base]; !strings.HasPrefix(name, "country.") && !strings.HasPrefix(name, "time.") && !(ok && isForm && counted.MatchString(text)) {
				t.Errorf("%s: %s is no text of ours", tag, name)
			}
		}
	}
}

// The buttons that mails speak of are those of the page.
func TestMailsNameTheButtons(t *testing.T) {
	t.Parallel()
	quoted := regexp.MustCompile(`[“„«「]\s*([^”“»」]+?)\s*[”“»」]`)
	mails := notice.Texts()
	for _, tag := range Tags() {
		texts := Get(tag).Texts
		for name, text := range texts {
			if !strings.HasPrefix(name, "mail.") {
				continue
			}
			english := quoted.FindAllStringSubmatch(mails[name], -1)
			got := quoted.FindAllStringSubmatch(text, -1)
			if len(got) != len(english) {
				t.Errorf("%s: %s names %d buttons, want %d: %q", tag, name, len(got), len(english), text)
				continue
			}
			for i, g := range got {
				button := texts["page.was me"]
				if english[i][1] == "Not me" {
					button = texts["page.not me"]
				}
				if g[1] != button && !(english[i][1] == "Not me" && strings.HasPrefix(button, g[1]) && g[1] != texts["page.was me"]) {
					t.Errorf("%s: %s: %q is not the button %q", tag, name, g[1], button)
				}
			}
		}
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"de": "de", "de-AT": "de", "DE_ch": "de", "pt": "pt-BR", "pt-PT": "pt-BR", "zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-Hans-HK": "zh-Hans",
		"zh-TW": "en", "zh-Hant": "en", "zh-hk": "en", "en": "en", "deu": "en", "": "en", "x": "en", "ar-EG": "ar",
	} {
		if got := Get(tag).Lang(); got != want {
			t.Errorf("%q: got %s, want %s", tag, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "en", "de-DE,de;q=0.9,en;q=0.8": "de", "en-US,en;q=0.9,de;q=0.8": "en", "sv, fr;q=0.3": "fr", "sv": "en",
		"de;q=0, fr;q=0.1": "fr", "fr;q=0.2, ja ;q=0.7, *": "ja", "zh-TW,zh-Hans;q=0.5": "zh-Hans", "de;q=NaN, it;q=0.1": "it",
		"de;q=7, it;q=0.1": "it", "de;level=1, it;q=0.1": "it", "nl,de": "nl", "pl;Q=0.5": "pl", ";;,,=,\x00": "en",
	} {
		if got := Match(accept).Lang(); got != want {
			t.Errorf("%q: got %s, want %s", accept, got, want)
		}
	}
}
