// Package notices renders messages from embedded templates: to customers a short text for SMS, and subject and plain
// text for mail, in every language the product speaks; to departments mail in all of them.
package notices

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"amends/orders"
)

// Languages of the templates; the first is used where a customer's is not among them.
var Languages = []string{"zh-CN", "en"}

// Templates lists every template there must be for customers, per language and channel.
var Templates = []string{
	orders.TemplateConfirmation,
	orders.TemplateShipped,
	orders.TemplateRescheduled,
	orders.TemplateReminder,
	orders.TemplateSignedOff,
	orders.TemplateRejected,
	orders.TemplateVoided,
	orders.TemplateMoneyBack,
}

// HouseTemplates lists those for departments: mail that says everything in every language.
var HouseTemplates = []string{orders.TemplateDepartments}

//go:embed templates
var files embed.FS

// blankLines are what absent data leaves in a body.
var blankLines = regexp.MustCompile(`\n{3,}`)

// parsed holds each template by "<language>/<name>.<channel>".
var parsed = parseAll()

// SMS returns the text of a short message.
func SMS(m orders.Message) (string, error) { return render(m, "sms") }

// Mail returns subject and body of an e-mail.
func Mail(m orders.Message) (subject, body string, err error) {
	var subjects, bodies []string
	for _, language := range LanguagesOf(m) {
		m.Locale = language
		text, err := render(m, "mail")
		if err != nil {
			return "", "", err
		}
		subject, body, _ := strings.Cut(text, "\n")
		subjects = append(subjects, strings.TrimSpace(subject))
		bodies = append(bodies, strings.TrimSpace(blankLines.ReplaceAllString(body, "\n\n"))+"\n")
	}
	return strings.Join(subjects, " / "), strings.Join(bodies, betweenLanguages), nil
}

// betweenLanguages parts a letter that says everything twice.
const betweenLanguages = "\n——————\n\n"

// LanguagesOf returns the languages in which a message is written, in their order.
func LanguagesOf(m orders.Message) []string {
	if slices.Contains(HouseTemplates, m.Template) {
		return Languages
	}
	return []string{Language(m.Locale)}
}

// Language returns which of the languages a customer with this locale is written to in.
func Language(locale string) string {
	for _, language := range Languages {
		if strings.EqualFold(language, locale) {
			return language
		}
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	if strings.EqualFold(base, "en") {
		return "en"
	}
	return Languages[0]
}

func render(m orders.Message, channel string) (string, error) {
	name := Language(m.Locale) + "/" + m.Template + "." + channel
	t, ok := parsed[name]
	if !ok {
		return "", fmt.Errorf("there is no template %s", name)
	}
	var text strings.Builder
	if err := t.Execute(&text, m.Data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return strings.TrimSpace(text.String()), nil
}

// partsFile holds what several templates of a language have in common.
const partsFile = "parts.txt"

func parseAll() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, language := range Languages {
		folder := path.Join("templates", language)
		entries, err := files.ReadDir(folder)
		if err != nil {
			panic(err)
		}
		parts := template.Must(template.New(partsFile).Funcs(functions(language)).Parse(content(folder, partsFile)))
		for _, entry := range entries {
			if entry.Name() == partsFile {
				continue
			}
			name := strings.TrimSuffix(entry.Name(), ".txt")
			all[language+"/"+name] = template.Must(template.Must(parts.Clone()).New(name).Parse(content(folder, entry.Name())))
		}
	}
	return all
}

func content(folder, name string) string {
	text, err := files.ReadFile(path.Join(folder, name))
	if err != nil {
		panic(err)
	}
	return string(text)
}
