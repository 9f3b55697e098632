// Package catalog has languages: how the page, the API and the mails speak to
// people, and what countries are called. None has been reviewed by a native
// speaker yet. English is none of them: a nil [locale.Locale] is.
//
//	devices, err := activity.New(mw, activity.Config{Language: func(r *http.Request) *locale.Locale {
//		return catalog.Match(r.Header.Get("Accept-Language"))
//	}})
//
// A language takes its memory, about 100 KB, when it is first used.
package catalog

import (
	"compress/gzip"
	"embed"
	"io"
	"strings"
	"sync"

	"github.com/signedin/signedin/session/locale"
)

//go:generate go test -run TestPacked -pack .

// packed are the folders text, by people, and cldr, by the command internal/cldr,
// in one file a language.
//
//go:embed packed
var packed embed.FS

// language is one that is unpacked when it is first used.
type language struct {
	tag    string
	plural func(n int) string
	load   func() *locale.Locale
}

var languages = []*language{
	newLanguage("ar", arabic),
	newLanguage("de", oneOther),
	newLanguage("es", million(oneOther)),
	newLanguage("fr", million(zeroOneOther)),
	newLanguage("it", million(oneOther)),
	newLanguage("ja", other),
	newLanguage("nl", oneOther),
	newLanguage("pl", polish),
	newLanguage("pt-BR", million(zeroOneOther)),
	newLanguage("zh-Hans", other),
}

func newLanguage(tag string, plural func(n int) string) *language {
	return &language{tag, plural, sync.OnceValue(func() *locale.Locale {
		return &locale.Locale{Tag: tag, RightToLeft: tag == "ar", Texts: parse(unpack(tag)), Plural: plural}
	})}
}

// Tags returns the languages that there are (BCP 47).
func Tags() (all []string) {
	for _, l := range languages {
		all = append(all, l.tag)
	}
	return all
}

// Get returns the language of a tag, or one that its readers read: for "pt-PT"
// that of Brazil, for "zh-CN" simplified characters. It is nil, which is English,
// if there is none. It is not to be changed: who wants other words copies it, and
// its Texts.
func Get(tag string) *locale.Locale {
	if l := find(tag); l != nil {
		return l.load()
	}
	return nil
}

func find(tag string) *language {
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if parts[0] == "zh" {
		for _, part := range parts {
			if part == "hant" || part == "tw" || part == "hk" || part == "mo" {
				return nil
			}
			if part == "hans" {
				break
			}
		}
	}
	for _, l := range languages {
		if name, _, _ := strings.Cut(l.tag, "-"); name == parts[0] {
			return l
		}
	}
	return nil
}

// unpack returns the texts of a language. That they are there, a test holds.
func unpack(tag string) string {
	f, err := packed.Open("packed/" + tag + ".gz")
	if err != nil {
		panic(err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		panic(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// parse reads lines of "name = text".
func parse(source string) map[string]string {
	texts := make(map[string]string, strings.Count(source, "\n"))
	for line := range strings.Lines(source) {
		if name, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " = "); ok && name[0] != '#' {
			texts[name] = text
		}
	}
	return texts
}
