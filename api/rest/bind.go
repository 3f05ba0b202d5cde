package rest

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"amends/orders"
)

// bind reads a body into a struct of strings, whole numbers, booleans, times, structs, lists and pointers to them, by
// their json tags. Unknown fields make a body unreadable; values of a wrong type are reported all at once. An absent
// field and null are the same.
func bind(body []byte, into any) ([]orders.FieldProblem, error) {
	problems, unknown, err := read(body, into)
	if err == nil && unknown != nil {
		return nil, unknown
	}
	return problems, err
}

// bindTolerant is bind for what providers send: fields that nobody here knows are their business.
func bindTolerant(body []byte, into any) ([]orders.FieldProblem, error) {
	problems, _, err := read(body, into)
	return problems, err
}

func read(body []byte, into any) ([]orders.FieldProblem, *unreadableError, error) {
	parsed, err := parse(body)
	if err != nil {
		return nil, nil, err
	}
	root, ok := parsed.(*object)
	if !ok {
		return nil, nil, &unreadableError{code: codeUnreadable}
	}
	b := &binder{}
	b.object("", root, reflect.ValueOf(into).Elem())
	return b.problems, b.unknown, nil
}

type binder struct {
	unknown  *unreadableError
	problems []orders.FieldProblem
}

func (b *binder) wrong(path, code string, params ...string) {
	b.problems = append(b.problems, orders.FieldProblem{Field: path, Code: code, Params: params})
}

func (b *binder) object(path string, from *object, into reflect.Value) {
	fields := map[string]reflect.Value{}
	collect(into, fields)
	for _, key := range from.keys {
		field, known := fields[key]
		switch {
		case known:
			b.value(join(path, key), from.values[key], field)
		case b.unknown == nil:
			b.unknown = &unreadableError{code: codeUnknownField, field: join(path, key)}
		}
	}
}

// collect files the fields of a struct, those of embedded structs too, under their names in JSON.
func collect(of reflect.Value, fields map[string]reflect.Value) {
	for i := range of.NumField() {
		field := of.Type().Field(i)
		if field.Anonymous {
			collect(of.Field(i), fields)
			continue
		}
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			fields[name] = of.Field(i)
		}
	}
}

var timeType = reflect.TypeFor[time.Time]()

func (b *binder) value(path string, from any, into reflect.Value) {
	if from == nil {
		return
	}
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	switch kind := into.Kind(); {
	case kind == reflect.Interface:
		into.Set(reflect.ValueOf(from))
	case into.Type() == timeType:
		b.time(path, from, into)
	case kind == reflect.Struct:
		if o, ok := from.(*object); ok {
			b.object(path, o, into)
			return
		}
		b.wrong(path, codeWrongType, "object")
	case kind == reflect.Slice:
		b.list(path, from, into)
	default:
		b.scalar(path, from, into)
	}
}

// list binds as many values as any list of a resource may have, and one more, so that validation sees that there are
// too many.
func (b *binder) list(path string, from any, into reflect.Value) {
	values, ok := from.([]any)
	if !ok {
		b.wrong(path, codeWrongType, "list")
		return
	}
	values = values[:min(len(values), orders.MaxLines+1)]
	into.Set(reflect.MakeSlice(into.Type(), len(values), len(values)))
	for i, value := range values {
		at := path + "[" + strconv.Itoa(i) + "]"
		if value == nil {
			b.wrong(at, codeRequired)
			continue
		}
		b.value(at, value, into.Index(i))
	}
}

func (b *binder) scalar(path string, from any, into reflect.Value) {
	switch into.Kind() {
	case reflect.String:
		if text, ok := from.(string); ok {
			into.SetString(text)
			return
		}
		b.wrong(path, codeWrongType, "text")
	case reflect.Bool:
		if truth, ok := from.(bool); ok {
			into.SetBool(truth)
			return
		}
		b.wrong(path, codeWrongType, "boolean")
	case reflect.Int64:
		b.integer(path, from, into)
	default:
		panic("rest: cannot bind " + into.Type().String())
	}
}

// integer takes digits only: 1.0 and 1e3 are not what a clerk means by a quantity. A number beyond all bounds becomes
// the outermost one, which the field's own bounds refuse.
func (b *binder) integer(path string, from any, into reflect.Value) {
	number, ok := from.(json.Number)
	if !ok {
		b.wrong(path, codeWrongType, "integer")
		return
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		b.wrong(path, codeNotInteger)
		return
	}
	into.SetInt(n)
}

func (b *binder) time(path string, from any, into reflect.Value) {
	text, ok := from.(string)
	if !ok {
		b.wrong(path, codeWrongType, "time")
		return
	}
	at, ok := readTime(text)
	if !ok {
		b.wrong(path, codeNotTime)
		return
	}
	into.Set(reflect.ValueOf(at))
}

// readTime reads RFC 3339 within the years that Postgres and people mean.
func readTime(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 2200 {
		return time.Time{}, false
	}
	return at.UTC(), true
}
