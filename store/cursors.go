package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"amends/orders"
)

// CodeBadCursor refuses a cursor that no page gave out.
const CodeBadCursor = "bad_cursor"

// sumLength is how many bytes of a digest stand before a cursor, so that one that was cut or changed is noticed. It is
// no secret: whoever forges a cursor gets another page of the same list.
const sumLength = 4

// cursorOf packs the key of the last row of a page.
func cursorOf(key ...string) string {
	packed, err := json.Marshal(key)
	if err != nil {
		panic(err) // strings can always be written
	}
	sum := sha256.Sum256(packed)
	return base64.RawURLEncoding.EncodeToString(append(sum[:sumLength], packed...))
}

// readCursor unpacks a key of so many parts, the first of them a time; an empty cursor is nil. A broken one is a
// *orders.ValidationError.
func readCursor(cursor string, parts int) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	broken := &orders.ValidationError{Field: "cursor", Code: CodeBadCursor}
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(data) < sumLength {
		return nil, broken
	}
	packed := data[sumLength:]
	if sum := sha256.Sum256(packed); !bytes.Equal(sum[:sumLength], data[:sumLength]) {
		return nil, broken
	}
	var key []string
	if json.Unmarshal(packed, &key) != nil || len(key) != parts {
		return nil, broken
	}
	if _, err := time.Parse(time.RFC3339Nano, key[0]); err != nil {
		return nil, broken
	}
	return key, nil
}

// stamp writes a time for a cursor, without losing any of it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }
