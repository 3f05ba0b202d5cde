package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep the values of a body may be nested. No resource needs more than six levels.
const maxDepth = 32

// object is a JSON object with its keys in the order they came in.
type object struct {
	keys   []string
	values map[string]any
}

// unreadableError says why a body cannot be read as the JSON of a resource.
type unreadableError struct {
	code  string
	field string // the path of the offending field, where there is one
}

func (e *unreadableError) Error() string { return e.code + " " + e.field }

// parse reads one JSON value: *object, []any, string, json.Number, bool or nil. It refuses what encoding/json lets pass:
// invalid UTF-8, halves of characters, duplicate keys, and whatever follows the value.
func parse(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, &unreadableError{code: codeNotUTF8}
	}
	if halves(body) {
		return nil, &unreadableError{code: codeHalfCharacter}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	r := reader{decoder}
	value, err := r.value("", 0)
	var unreadable *unreadableError
	if errors.As(err, &unreadable) {
		return nil, err
	}
	if err != nil {
		return nil, &unreadableError{code: codeUnreadable}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &unreadableError{code: codeUnreadable}
	}
	return value, nil
}

// halves finds escapes such as \ud800 that stand for half of a character, without the other half beside them: the
// decoder would put another character in their place. In JSON a backslash stands in strings alone.
func halves(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		i++
		unit := escaped(body[i:])
		if !utf16.IsSurrogate(unit) {
			continue
		}
		rest := body[i+5:] // behind uXXXX
		if len(rest) == 0 || rest[0] != '\\' || utf16.DecodeRune(unit, escaped(rest[1:])) == unicode.ReplacementChar {
			return true
		}
		i += 10
	}
	return false
}

// escaped reads the four digits of uXXXX. Anything else is zero.
func escaped(text []byte) rune {
	if len(text) < 5 || text[0] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(text[1:5]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(unit)
}

type reader struct{ *json.Decoder }

func (r reader) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, &unreadableError{code: codeTooDeep}
	}
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return r.object(path, depth)
	case json.Delim('['):
		return r.list(path, depth)
	}
	return token, nil
}

func (r reader) object(path string, depth int) (any, error) {
	o := &object{values: map[string]any{}}
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, &unreadableError{code: codeUnreadable}
		}
		field := join(path, key)
		if _, twice := o.values[key]; twice {
			return nil, &unreadableError{code: codeDuplicateField, field: field}
		}
		value, err := r.value(field, depth+1)
		if err != nil {
			return nil, err
		}
		o.keys, o.values[key] = append(o.keys, key), value
	}
	_, err := r.Token()
	return o, err
}

func (r reader) list(path string, depth int) (any, error) {
	list := []any{}
	for i := 0; r.More(); i++ {
		value, err := r.value(path+"["+strconv.Itoa(i)+"]", depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := r.Token()
	return list, err
}

func join(path, key string) string {
	const most = 100
	if runes := []rune(key); len(runes) > most {
		key = string(runes[:most]) + "…"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
