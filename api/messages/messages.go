// Package messages holds the sentences that staff read when something is refused, in Chinese and English. A sentence
// says what a clerk can do about it and never quotes an internal error.
package messages

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// The languages of the catalogues. Chinese is the one that is meant where nothing is said.
const (
	Chinese = "zh-CN"
	English = "en"
)

//go:embed zh-CN.json en.json
var files embed.FS

var (
	catalogues = map[string]map[string]string{Chinese: read(Chinese), English: read(English)}
	matcher    = language.NewMatcher([]language.Tag{language.SimplifiedChinese, language.English})
)

// Locale picks the catalogue that suits an Accept-Language header best.
func Locale(acceptLanguage string) string {
	if len(acceptLanguage) > 256 {
		return Chinese
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return Chinese
	}
	if _, i, _ := matcher.Match(wanted...); i == 1 {
		return English
	}
	return Chinese
}

// Sentence returns the sentence for a code, with the parameters in the places {0}, {1}, … A code that nobody wrote a
// sentence for gets the one that says to ask support, with the code.
func Sentence(locale, code string, params ...string) string {
	catalogue, ok := catalogues[locale]
	if !ok {
		catalogue = catalogues[Chinese]
	}
	sentence, ok := catalogue[code]
	if !ok {
		sentence, params = catalogue["unknown_code"], []string{code}
	}
	return fill(catalogue, sentence, params)
}

// About returns the sentence for a code of a kind: finding, reason or incident. A code of the kind that nobody wrote a
// sentence for gets the kind's own, with the code.
func About(locale, kind, code string, params ...string) string {
	if !Has(kind + "." + code) {
		return Sentence(locale, kind+".", code)
	}
	return Sentence(locale, kind+"."+code, params...)
}

func fill(catalogue map[string]string, sentence string, params []string) string {
	return place.ReplaceAllStringFunc(sentence, func(found string) string {
		parts := place.FindStringSubmatch(found)
		if i, _ := strconv.Atoi(parts[1]); i < len(params) {
			return words(catalogue, parts[2], params[i])
		}
		return "–"
	})
}

// place is where a parameter goes: {0}, or {0:stage} where it is a word, or several with commas, of the catalogue.
var place = regexp.MustCompile(`\{(\d)(?::(\w+))?\}`)

func words(catalogue map[string]string, kind, param string) string {
	if kind == "" {
		return param
	}
	list := strings.Split(param, ",")
	for i, name := range list {
		if word := catalogue[kind+"."+strings.TrimSpace(name)]; word != "" {
			list[i] = word
		}
	}
	return strings.Join(list, catalogue["list_separator"])
}

// Has tells whether both catalogues have a sentence for the code.
func Has(code string) bool {
	return catalogues[Chinese][code] != "" && catalogues[English][code] != ""
}

func read(locale string) map[string]string {
	data, err := files.ReadFile(locale + ".json")
	if err != nil {
		panic(fmt.Sprintf("messages: %v", err))
	}
	catalogue := map[string]string{}
	if err := json.Unmarshal(data, &catalogue); err != nil {
		panic(fmt.Sprintf("messages: %s: %v", locale, err))
	}
	return catalogue
}
