package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// columns are what is read, in the order of the flags that name them.
var columns = []string{"time", "user", "ip", "user_agent", "known_device", "outcome"}

// aliases are the names that exports have for the columns: of Nextcloud, GitLab,
// Keycloak and Caddy, and of databases.
var aliases = map[string][]string{
	"time":         {"time", "timestamp", "@timestamp", "ts", "created at (utc)", "created_at", "date"},
	"user":         {"user", "username", "user name", "author name", "userid", "user_id", "remote_user", "user.name"},
	"ip":           {"ip", "ip address", "ip_address", "ipaddress", "remoteaddr", "remote_addr", "request.client_ip", "request.remote_ip", "remote_ip", "client_ip"},
	"user_agent":   {"user_agent", "user agent", "useragent", "http_user_agent", "request.headers.user-agent", "details.user_agent"},
	"known_device": {"known_device"},
	"outcome":      {"outcome"},
}

// told are columns that say in words what happened.
var told = []string{"message", "action", "type", "event"}

// none is what a flag says of a column that the export does not have.
const none = "none"

// names finds the columns in what a file has.
type names struct {
	given map[string]string // by flags
	found map[string]string // the column of the file
	seen  map[string]bool   // all names of the file
}

func newNames(given map[string]string) *names {
	return &names{given: given, found: map[string]string{}, seen: map[string]bool{}}
}

// fold makes names comparable.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// see looks for the columns among the names of a file.
func (n *names) see(all []string) {
	for _, name := range all {
		n.seen[fold(name)] = true
	}
	for _, column := range columns {
		if n.found[column] != "" {
			continue
		}
		if given := fold(n.given[column]); given != "" && (given == none || n.seen[given]) {
			n.found[column] = given
		}
		for _, alias := range aliases[column] {
			if n.given[column] == "" && n.found[column] == "" && n.seen[alias] {
				n.found[column] = alias
			}
		}
	}
}

// check returns what is missing of a table that has named all of its columns.
func (n *names) check() error {
	for _, column := range columns {
		switch {
		case n.found[column] != "" || n.given[column] != "":
		case column == "time" || column == "user":
			return fmt.Errorf("no column %q; name it with -%s: it has %s. The columns, with commas, semicolons or tabs between them, are %s", column, flagOf(column), n.list(), strings.Join(columns, ", "))
		}
	}
	return nil
}

func flagOf(column string) string { return strings.ReplaceAll(column, "_", "-") }

func (n *names) list() string {
	var all []string
	for _, name := range sortedKeys(n.seen) {
		all = append(all, fmt.Sprintf("%q", name))
	}
	return strings.Join(all, ", ")
}

// passedOver returns the names of a file that are not read.
func (n *names) passedOver() (all []string) {
	for _, name := range sortedKeys(n.seen) {
		if !slices.Contains(told, name) && !slices.Contains(slices.Collect(maps.Values(n.found)), name) {
			all = append(all, name)
		}
	}
	return all
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
