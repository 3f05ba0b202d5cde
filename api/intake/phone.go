package intake

import (
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/width"
)

var (
	// spoken splits off an extension that says it is one: 转1234, ext. 801, #801.
	spoken = regexp.MustCompile(`(?i)^(.+?)\s*(?:转接|转|轉|分机号|分机|ext\.?|extension|x|#|;|,)\s*[:：]?\s*(\d{1,8})$`)
	// dashed splits off an extension that only a dash or a space announces: 0755-26001234-801.
	dashed = regexp.MustCompile(`^(.+)[-\s](\d{1,8})$`)
	// dialled is what a number without extension may consist of. phonenumbers itself would take letters for digits.
	dialled = regexp.MustCompile(`^\+?[0-9 ()\-./]+$`)
	dashes  = strings.NewReplacer("‐", "-", "‑", "-", "–", "-", "—", "-", "−", "-", "\u00a0", " ")
)

// Phone normalises a number as people write it in China: full-width digits, spaces, dashes and an extension are
// understood; mobiles, landlines, hotlines and privacy numbers are numbers; numbers abroad begin with + and the country
// code. It returns E.164, with the extension after a semicolon, or a code.
func Phone(typed string) (string, string) {
	plain := strings.TrimSpace(dashes.Replace(width.Narrow.String(typed)))
	if parts := spoken.FindStringSubmatch(plain); parts != nil {
		return withExtension(parts[1], parts[2])
	}
	if number, ok := valid(plain); ok {
		return number, ""
	}
	if parts := dashed.FindStringSubmatch(plain); parts != nil {
		return withExtension(parts[1], parts[2])
	}
	return "", CodePhone
}

func withExtension(number, extension string) (string, string) {
	main, ok := valid(strings.TrimSpace(number))
	if !ok {
		return "", CodePhone
	}
	return main + ";" + extension, ""
}

func valid(number string) (string, bool) {
	if len(number) > 40 || !dialled.MatchString(number) {
		return "", false
	}
	parsed, err := phonenumbers.Parse(number, "CN")
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return "", false
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), true
}

// wholeNumber is how many digits a text must have to be taken for a whole number rather than the end of one: fewer may
// be both.
const wholeNumber = 11

// PhoneEnding reads what somebody looks a number up by: the whole number, as Phone does, or at least its last four
// digits with anything between them. It returns false for what is neither.
func PhoneEnding(typed string) (string, bool) {
	plain := dashes.Replace(width.Narrow.String(typed))
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()+;", r) {
			return -1
		}
		return r
	}, plain)
	if len(digits) >= wholeNumber {
		if number, code := Phone(typed); code == "" {
			return number, true
		}
	}
	other := strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	return digits, !other && len(digits) >= 4 && len(digits) <= 30
}
