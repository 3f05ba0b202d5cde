// Package notices renders messages to customers from embedded templates: a short text for SMS, and subject and plain
// text for mail, in every language the product speaks.
package notices

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"strings"
	"text/template"

	"amends/orders"
)

// Languages of the templates; the first is used where a customer's is not among them.
var Languages = []string{"zh-CN", "en"}

// Templates lists every template there must be, per language and channel.
var Templates = []string{
	orders.TemplateConfirmation,
	orders.TemplateShipped,
	orders.TemplateRescheduled,
	orders.TemplateReminder,
	orders.TemplateSignedOff,
	orders.TemplateRejected,
}

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
	text, err := render(m, "mail")
	if err != nil {
		return "", "", err
	}
	subject, body, _ = strings.Cut(text, "\n")
	body = strings.TrimSpace(blankLines.ReplaceAllString(body, "\n\n")) + "\n"
	return strings.TrimSpace(subject), body, nil
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

func parseAll() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, language := range Languages {
		folder := path.Join("templates", language)
		entries, err := files.ReadDir(folder)
		if err != nil {
			panic(err)
		}
		for _, entry := range entries {
			name := strings.TrimSuffix(entry.Name(), ".txt")
			content, err := files.ReadFile(path.Join(folder, entry.Name()))
			if err != nil {
				panic(err)
			}
			all[language+"/"+name] = template.Must(template.New(name).Funcs(functions(language)).Parse(string(content)))
		}
	}
	return all
}
