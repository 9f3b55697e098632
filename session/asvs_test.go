package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// asvs are the requirements of OWASP ASVS 5.0.0, chapter V7 (session management), what
// we do for each, in our own words, and the tests that show it.
var asvs = []struct {
	id     string
	level  int
	does   string
	proofs []string // "package: Test, Test"
}{
	{"7.1.1", 2, "limits are presets that can be printed (`Limits.Describe`), which says where they deviate from NIST SP 800-63B; stricter ones hold at once",
		[]string{"session: TestPresets, TestConfigIsChecked, TestStricterLimits"}},
	{"7.1.2", 2, "`Config.MaxPerUser` bounds the sessions of a user; the longest idle gives way",
		[]string{"session: TestCapTakesTheLongestIdle, TestSmallerBound", "store/storetest: managerBound"}},
	{"7.1.3", 2, "what an identity provider ends, ends here, and its limits count: written in middleware/README.md",
		[]string{"middleware/openid: TestLogout, TestSentAgain, TestFrontChannel", "store/storetest: managerIssued, issuerSignsOut"}},
	{"7.2.1", 1, "tokens are verified by the server, against its store",
		[]string{"middleware: TestCookiesThatAreRefused", "session: TestTokenIsStrict"}},
	{"7.2.2", 1, "each sign-in makes a token of its own", []string{"session: TestStart, TestForgedSecretEndsNothing"}},
	{"7.2.3", 1, "256 random bits of crypto/rand", []string{"session: TestRandomness"}},
	{"7.2.4", 1, "a sign-in and a new proof bring a new token, and end the one before",
		[]string{"session: TestReauthenticated, TestReuseIsContained", "middleware: TestSignInReplaces, TestInterleavings, TestThiefRotatesFirst"}},
	{"7.3.1", 2, "idle limits, which requests that nobody made do not move",
		[]string{"session: TestLimits, TestSharedComputer, TestBackgroundKeepsNothingAlive", "middleware: TestBackground", "middleware/activity: TestOpenPageKeepsNothingAlive"}},
	{"7.3.2", 2, "absolute limits, which count from the proof at an identity provider",
		[]string{"session: TestLimits, TestStricterLimitsCountFromTheProof"}},
	{"7.4.1", 1, "a session that has ended is good for nothing: not for a request, nor for what is open",
		[]string{"session: TestEveryWayOfEndingCuts, TestRevocationBetweenReadAndRegistration", "middleware: TestTableOfCuts, TestSlowRequestDoesNotReviveItsSession", "store/storetest: managerRevokes, managerRace"}},
	{"7.4.2", 1, "who is disabled or deleted is signed out everywhere, also if they are enabled again",
		[]string{"session: TestDisable, TestUserStatusDisables, TestUserStatusOfWhatIsOpen, TestExportAndErase"}},
	{"7.4.3", 2, "all other sessions can be ended in the step that changes a factor",
		[]string{"middleware: TestRevokeOthersSendsTheNewCookie", "session: TestRevokeAllBeatsSignInsUnderWay"}},
	{"7.4.4", 2, "the page has a button to sign out; `Middleware.SignOut` is for the host's own",
		[]string{"middleware/activity: TestSignOutButton, TestSignOutThisDevice"}},
	{"7.4.5", 2, "an administrator ends the sessions of a user, or of everybody",
		[]string{"session: TestRevoke, TestRevokeEveryone"}},
	{"7.5.1", 2, "`RequireRecentAuth` asks for a new proof before a sensitive change", []string{"middleware: TestRequireRecentAuth, TestChallenged"}},
	{"7.5.2", 2, "users see their sessions and end any of them, having proved who they are",
		[]string{"middleware/activity: TestPageShowsWhoIsSignedIn, TestSignOutOne, TestStaleProof, TestAPIStaleProof, TestAnswersAreGuarded"}},
	{"7.5.3", 3, "`RequireProof` asks for a proof of its own for one action, once",
		[]string{"session: TestProofForOneAction, TestProofIsUsedOnceInTrouble", "middleware: TestRequireProof"}},
	{"7.6.1", 2, "sign-outs and limits of the identity provider are kept; a step-up is believed only if it did ask",
		[]string{"middleware/openid: TestSignIn, TestStepUp, TestLogout", "session: TestForeignHasTheIssuersLimits"}},
	{"7.6.2", 2, "no session without a sign-in that the host calls for", []string{"middleware: TestNoSessionForAnonymous"}},
}

const asvsBegin, asvsEnd = "<!-- ASVS: written by TestASVS -->\n", "<!-- end of ASVS -->\n"

// TestASVS holds the table in SECURITY.md against the requirements, and each test that
// it names against the code. SIGNEDIN_WRITE=1 writes the table.
func TestASVS(t *testing.T) {
	if len(asvs) != 19 {
		t.Errorf("got %d requirements, chapter V7 has 19", len(asvs))
	}
	var b strings.Builder
	met := 0
	for _, r := range asvs {
		for _, proof := range r.proofs {
			folder, names, _ := strings.Cut(proof, ": ")
			code := testsOf(t, folder)
			for name := range strings.SplitSeq(names, ", ") {
				if !regexp.MustCompile(`(?m)^func ` + name + `\(\w+ \*(testing\.T|kit)[,)]`).MatchString(code) {
					t.Errorf("%s: %s has no %s", r.id, folder, name)
				}
			}
		}
		if len(r.proofs) > 0 {
			met++
		}
	}
	fmt.Fprintf(&b, "%s\n%d of the %d requirements are met and shown.\n\n| | L | what is done | test |\n|---|---|---|---|\n", asvsBegin, met, len(asvs))
	for _, r := range asvs {
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", r.id, r.level, r.does, "`"+strings.ReplaceAll(strings.Join(r.proofs, "; `"), ": ", "`: "))
	}
	b.WriteString("\n" + asvsEnd)
	const file = "../SECURITY.md"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(page), asvsBegin)
	_, after, ok2 := strings.Cut(rest, asvsEnd)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	whole := before + b.String() + after
	if whole == string(page) {
		return
	}
	if os.Getenv("SIGNEDIN_WRITE") == "" {
		t.Fatalf("the table in %s is another; SIGNEDIN_WRITE=1 go test -run TestASVS ./session writes it", file)
	}
	if err := os.WriteFile(file, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAttackTable holds the tests that SECURITY.md names against the code: each has to
// be somewhere.
func TestAttackTable(t *testing.T) {
	page, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, folder := range []string{"session", "session/notice", "session/risk", "middleware", "middleware/activity", "middleware/openid", "middleware/immich", "store/storetest"} {
		code.WriteString(testsOf(t, folder))
	}
	names := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(string(page), -1)
	if len(names) < 40 {
		t.Errorf("only %d tests are named", len(names))
	}
	for _, name := range names {
		if !strings.Contains(code.String(), "\nfunc "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
}

// testsOf returns the code of a folder's tests, and of the kit, which is one itself.
func testsOf(t *testing.T, folder string) string {
	t.Helper()
	pattern := "*_test.go"
	if folder == "store/storetest" {
		pattern = "*.go"
	}
	files, err := filepath.Glob(filepath.Join("..", folder, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no tests (%v)", folder, err)
	}
	var code strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	return code.String()
}
