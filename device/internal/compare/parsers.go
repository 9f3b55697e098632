package main

import (
	"log"
	"strings"

	mileusna "github.com/mileusna/useragent"
	mssola "github.com/mssola/useragent"
	"github.com/ua-parser/uap-go/uaparser"

	"github.com/signedin/signedin/device"
)

type parser struct {
	name  string
	parse func(userAgent string) answer
}

func parsers() []parser {
	uap, err := uaparser.New()
	if err != nil {
		log.Fatal(err)
	}
	ours := device.New(device.Config{CacheSize: -1})
	return []parser{
		{"signedin", func(ua string) answer { return signedin(ours, ua) }},
		{"mssola", askMssola},
		{"mileusna", askMileusna},
		{"uap", func(ua string) answer { return askUAP(uap, ua) }},
	}
}

func signedin(p *device.Parser, userAgent string) answer {
	d := p.Parse(device.Hints{UserAgent: userAgent})
	a := answer{d.Browser, d.BrowserVersion, d.OS, d.OSVersion, string(d.Kind), d.Brand, d.Model}
	if d.App != "" {
		a.Browser, a.BrowserVersion = d.App, d.AppVersion
	}
	switch d.Kind {
	case device.KindCLI:
		a.Type = "bot" // as the rows have it
	case device.KindWatch, device.KindHeadset:
		a.Type = "wearable"
	case device.KindCar:
		a.Type = "other"
	case device.KindUnknown:
		a.Type = ""
	}
	return a
}

// askMssola reads the type as its makers mean it: an iPad is its only tablet.
func askMssola(userAgent string) answer {
	u := mssola.New(userAgent)
	name, version := u.Browser()
	info := u.OSInfo()
	a := answer{Browser: name, BrowserVersion: version, OS: info.Name, OSVersion: info.Version, Model: u.Model()}
	switch platform := u.Platform(); {
	case u.Bot():
		a.Type = "bot"
	case platform == "iPad":
		a.Type = "tablet"
	case u.Mobile():
		a.Type = "phone"
	case info.Name != "":
		a.Type = "desktop"
	}
	if p := u.Platform(); p == "iPad" || p == "iPhone" {
		a.OS = "iOS"
	}
	return a
}

func askMileusna(userAgent string) answer {
	u := mileusna.Parse(userAgent)
	a := answer{Browser: u.Name, BrowserVersion: u.Version, OS: u.OS, OSVersion: u.OSVersion, Model: u.Device}
	switch {
	case u.Bot:
		a.Type = "bot"
	case u.Tablet:
		a.Type = "tablet"
	case u.Mobile:
		a.Type = "phone"
	case u.Desktop:
		a.Type = "desktop"
	}
	return a
}

// askUAP adds a type, which uap-go has none of, by its families.
func askUAP(p *uaparser.Parser, userAgent string) answer {
	c := p.Parse(userAgent)
	return answer{
		Browser: c.UserAgent.Family, BrowserVersion: c.UserAgent.Major,
		OS: c.Os.Family, OSVersion: c.Os.Major,
		Type: uapType(c, userAgent), Brand: c.Device.Brand, Model: c.Device.Model,
	}
}

func uapType(c *uaparser.Client, userAgent string) string {
	switch {
	case c.Device.Family == "Spider":
		return "bot"
	case c.Device.Family == "iPad":
		return "tablet"
	case strings.Contains(c.Os.Family, "TV"), c.Os.Family == "Tizen" && !strings.Contains(userAgent, "Mobile"), strings.Contains(c.Device.Model, "TV"):
		return "tv"
	case c.Os.Family == "Android":
		if strings.Contains(userAgent, "Mobile") {
			return "phone"
		}
		return "tablet"
	case c.Os.Family == "iOS", c.Os.Family == "Windows Phone":
		return "phone"
	case c.Os.Family != "Other":
		return "desktop"
	}
	return ""
}
