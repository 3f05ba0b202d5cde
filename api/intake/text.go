package intake

import (
	"net/mail"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"amends/orders"
)

// Text checks one line of free text and returns it in NFC, everything else as it was typed. Control characters and
// characters that turn the direction of writing around are refused, as is more than most characters.
func Text(field, typed string, most int) (string, *orders.FieldProblem) {
	return text(field, typed, most, "")
}

// Paragraphs is Text for notes, which may have line breaks and tabs.
func Paragraphs(field, typed string, most int) (string, *orders.FieldProblem) {
	return text(field, typed, most, "\n\r\t\u2028\u2029")
}

// Blank tells whether nobody would see anything of a text: it has spaces and invisible characters alone. Control
// characters do not count as such: they are refused.
func Blank(typed string) bool {
	return !strings.ContainsFunc(typed, func(r rune) bool {
		invisible := unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		return !invisible && !unicode.IsSpace(r) && r != braillePatternBlank
	})
}

// braillePatternBlank is drawn as nothing though Unicode counts it as a symbol.
const braillePatternBlank = '\u2800'

func text(field, typed string, most int, allowed string) (string, *orders.FieldProblem) {
	if !utf8.ValidString(typed) {
		return "", &orders.FieldProblem{Field: field, Code: CodeNotUTF8}
	}
	for _, r := range typed {
		switch {
		case (unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp)) && !strings.ContainsRune(allowed, r):
			return "", &orders.FieldProblem{Field: field, Code: CodeControl}
		case unicode.Is(unicode.Bidi_Control, r):
			return "", &orders.FieldProblem{Field: field, Code: CodeBidi}
		}
	}
	composed := norm.NFC.String(typed)
	if utf8.RuneCountInString(composed) > most {
		return "", &orders.FieldProblem{Field: field, Code: CodeTooLong, Params: []string{strconv.Itoa(most)}}
	}
	return composed, nil
}

// Required checks a line of text that must say something.
func Required(field, typed string, most int) (string, *orders.FieldProblem) {
	if Blank(typed) {
		return "", &orders.FieldProblem{Field: field, Code: CodeRequired}
	}
	return Text(field, typed, most)
}

func (p *problems) text(field, typed string, most int) string {
	return p.keep(Text(field, typed, most))
}

// name is text that may be left out: one that nobody can see is no name.
func (p *problems) name(field, typed string, most int) string {
	if Blank(typed) {
		return ""
	}
	return p.text(field, typed, most)
}

func (p *problems) paragraphs(field, typed string, most int) string {
	return p.keep(Paragraphs(field, typed, most))
}

func (p *problems) required(field, typed string, most int) string {
	return p.keep(Required(field, typed, most))
}

func (p *problems) keep(text string, problem *orders.FieldProblem) string {
	if problem != nil {
		p.list = append(p.list, *problem)
	}
	return text
}

// Email checks an address as net/mail reads it, without a display name. It returns it trimmed, or a code.
func Email(typed string) (string, string) {
	typed = strings.TrimSpace(typed)
	parsed, err := mail.ParseAddress(typed)
	if err != nil || parsed.Address != typed || len(typed) > 254 || strings.ContainsFunc(typed, unicode.IsControl) {
		return "", CodeEmail
	}
	_, domain, _ := strings.Cut(typed, "@")
	if !strings.Contains(strings.Trim(domain, "."), ".") {
		return "", CodeEmail
	}
	return typed, ""
}
