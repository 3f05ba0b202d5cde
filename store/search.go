package store

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

const (
	pageLimit  = 100
	countLimit = 10_000 // an estimate stops counting here
	phoneTail  = 4      // digits that a search by the tail of a phone number needs
	numberPart = 4      // characters that a search by a part of an order number needs
)

// Orders returns one page of the list, by parameters only. The cursor is opaque; a broken one is a
// *orders.ValidationError. TotalEstimate is exact up to 10,000 and stops there.
func (s *Store) Orders(ctx context.Context, q orders.OrderQuery) (orders.OrderPage, error) {
	var page orders.OrderPage
	after, err := readCursor(q.Cursor, 2)
	if err != nil {
		return page, err
	}
	f := newFilter(q)
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM orders o`+f.where()+fmt.Sprintf(` LIMIT %d) matching`, countLimit),
		f.arguments...).Scan(&page.TotalEstimate)
	if err != nil {
		return page, fmt.Errorf("count orders: %w", err)
	}
	ascending := q.Sort == "created_at"
	f.after(after, ascending)
	limit := min(max(q.Limit, 1), pageLimit)
	rows, err := s.pool.Query(ctx, listQuery(f, ascending, limit+1), f.arguments...)
	if err != nil {
		return page, fmt.Errorf("list orders: %w", err)
	}
	if page.Items, err = pgx.CollectRows(rows, scanSummary); err != nil {
		return page, fmt.Errorf("list orders: %w", err)
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.NextCursor = cursorOf(stamp(last.CreatedAt), last.Number)
	}
	return page, nil
}

func listQuery(f *filter, ascending bool, limit int) string {
	order := `o.created_at DESC, o.number DESC`
	if ascending {
		order = `o.created_at, o.number`
	}
	return `
		SELECT o.number,
		       o.stage,
		       o.version,
		       o.flags,
		       o.customer_id,
		       c.name,
		       o.customer_ref,
		       o.total,
		       o.currency,
		       o.created_at,
		       o.updated_at
		FROM orders o
		JOIN contacts c ON c.id = o.contact_id` + f.where() + `
		ORDER BY ` + order + fmt.Sprintf(` LIMIT %d`, limit)
}

func scanSummary(row pgx.CollectableRow) (s orders.Summary, err error) {
	err = row.Scan(&s.Number, &s.Stage, &s.Version, &s.Flags, &s.CustomerID, &s.CustomerName, &s.CustomerRef,
		&s.Total.Minor, &s.Total.Currency, &s.CreatedAt, &s.UpdatedAt)
	return s, err
}

// filter collects conditions, each a constant text with the number of its parameter.
type filter struct {
	conditions []string
	arguments  []any
}

// newFilter translates a query. Conditions name the same columns that the indexes are on.
func newFilter(q orders.OrderQuery) *filter {
	f := &filter{}
	f.addText(`o.stage = $%d`, string(q.Stage))
	f.addText(`o.flags <> '{}' AND o.flags @> ARRAY[$%d::text]`, q.Flag)
	f.addText(`o.customer_id = $%d`, q.Customer)
	f.addText(`o.skus @> ARRAY[$%d::text]`, q.SKU)
	f.addText(`o.skus @> ARRAY[$%d::text]`, q.ServiceType)
	if q.Phone != "" {
		f.add(withPhone, phonePattern(q.Phone))
	}
	if !q.From.IsZero() {
		f.add(`o.created_at >= $%d`, q.From)
	}
	if !q.To.IsZero() {
		f.add(`o.created_at < $%d`, q.To)
	}
	if text := strings.TrimSpace(q.Q); text != "" {
		f.addSearch(text)
	}
	return f
}

const withPhone = `o.contact_id IN (SELECT id FROM contacts WHERE reverse(phone) LIKE $%d)`

func (f *filter) add(condition string, argument any) {
	f.arguments = append(f.arguments, argument)
	f.conditions = append(f.conditions, fmt.Sprintf(condition, len(f.arguments)))
}

func (f *filter) addText(condition, argument string) {
	if argument != "" {
		f.add(condition, argument)
	}
}

// addSearch looks the text up as a part of a number, of a customer reference or of a name, or as the tail of a phone
// number. Each branch has its index.
func (f *filter) addSearch(text string) {
	f.arguments = append(f.arguments, numberPattern(text), "%"+escapeLike(text)+"%", phonePattern(text))
	n := len(f.arguments)
	branches := []string{
		fmt.Sprintf(`SELECT number FROM orders WHERE number LIKE $%d`, n-2),
		fmt.Sprintf(`SELECT number FROM orders WHERE customer_ref <> '' AND customer_ref ILIKE $%d`, n-1),
		fmt.Sprintf(`SELECT number FROM orders WHERE contact_id IN (SELECT id FROM contacts WHERE name ILIKE $%d)`, n-1),
		fmt.Sprintf(`SELECT number FROM orders WHERE contact_id IN (SELECT id FROM contacts WHERE reverse(phone) LIKE $%d)`, n),
	}
	f.conditions = append(f.conditions, `o.number IN (`+strings.Join(branches, ` UNION ALL `)+`)`)
}

// after continues a list behind what a cursor holds.
func (f *filter) after(cursor []string, ascending bool) {
	if cursor == nil {
		return
	}
	sign := "<"
	if ascending {
		sign = ">"
	}
	f.arguments = append(f.arguments, cursor[0], cursor[1])
	n := len(f.arguments)
	f.conditions = append(f.conditions, fmt.Sprintf(`(o.created_at, o.number) %s ($%d::text::timestamptz, $%d)`, sign, n-1, n))
}

func (f *filter) where() string {
	if len(f.conditions) == 0 {
		return ``
	}
	return `
		WHERE ` + strings.Join(f.conditions, `
		  AND `)
}

// nothing is a pattern that no phone number and no order number matches.
const nothing = "none"

// numberPattern matches order numbers with the text in them. A shorter text matches none: it is in too many.
func numberPattern(text string) string {
	if utf8.RuneCountInString(text) < numberPart {
		return nothing
	}
	return "%" + escapeLike(strings.ToUpper(text)) + "%"
}

// phonePattern matches numbers that end in the digits, compared from their end, with an extension after a semicolon.
// Fewer than four digits, or anything that does not belong to a phone number, match nothing.
func phonePattern(text string) string {
	var digits []byte
	for i := len(text) - 1; i >= 0; i-- {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == ';':
			digits = append(digits, c)
		case !strings.ContainsRune("+- ()", rune(c)):
			return nothing
		}
	}
	if len(digits) < phoneTail {
		return nothing
	}
	return string(digits) + "%"
}

func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
