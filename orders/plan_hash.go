package orders

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"amends/money"
)

// sealed is what the hash of a plan covers: everything that a person agrees to. Versions, IDs of amendments, keys, due
// times and texts are left out.
type sealed struct {
	Order     string       `json:"order"`
	Rules     int          `json:"rules"`
	Policy    Policy       `json:"policy"`
	Request   VoidRequest  `json:"request"`
	Approvals []string     `json:"approvals"`
	Consent   bool         `json:"consent"`
	Takes     []Take       `json:"takes"`
	Money     []MoneyBack  `json:"money"`
	Retained  money.Amount `json:"retained"`
	Steps     []sealedStep `json:"steps"`
	Expires   int64        `json:"expires"`
}

type sealedStep struct {
	ID      string         `json:"id"`
	Kind    string         `json:"kind"`
	Subject string         `json:"subject"`
	Amount  *money.Amount  `json:"amount"`
	Lines   []ShipmentLine `json:"lines"`
	After   []string       `json:"after"`
}

// seal returns the plan's hash: SHA-256 over its canonical content and its expiry, a dot, and the expiry in Unix seconds.
func (p Plan) seal(o Order, r VoidRequest, expires time.Time) string {
	s := sealed{
		Order: o.Number, Rules: o.Rules, Policy: o.Policy, Request: r, Approvals: p.Approvals, Consent: p.Consent,
		Takes: p.Takes, Money: p.Money, Retained: p.Retained, Expires: expires.Unix(),
	}
	for _, step := range p.Steps {
		s.Steps = append(s.Steps, sealedStep{step.ID, step.Kind, step.Subject, step.Amount, step.Lines, step.After})
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // plain values always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]) + "." + strconv.FormatInt(expires.Unix(), 10)
}

// expiryOf reads the expiry that a hash carries. One that cannot be read has the zero time, and matches no plan.
func expiryOf(hash string) time.Time {
	_, seconds, _ := strings.Cut(hash, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
