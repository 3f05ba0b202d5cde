package rest

import (
	"regexp"
	"strconv"
	"time"

	"amends/api/intake"
	"amends/money"
	"amends/orders"
)

type shipBody struct {
	expects
	Lines   []shipLineBody `json:"lines"`
	Carrier string         `json:"carrier"`
}

type shipLineBody struct {
	LineID   string `json:"line_id"`
	Quantity *int64 `json:"quantity"`
}

// ship picks and packs. Without lines everything that is reserved is packed.
func ship(_ *call, b shipBody, s *orders.Submission, f *fields) error {
	s.Command = &orders.Ship{Carrier: f.text("carrier", b.Carrier, 64), Lines: f.shipLines("lines", b.Lines)}
	return nil
}

// shipLines reads quantities of lines.
func (f *fields) shipLines(field string, list []shipLineBody) []orders.ShipLine {
	if len(list) > orders.MaxLines {
		f.add(field, "line_count", strconv.Itoa(orders.MaxLines))
	}
	var lines []orders.ShipLine
	for i, l := range list {
		path := field + "[" + strconv.Itoa(i) + "]"
		line := orders.ShipLine{LineID: f.required(path+".line_id", l.LineID, 20)}
		if l.Quantity == nil {
			f.add(path+".quantity", codeRequired)
		} else {
			line.Quantity = f.quantity(path+".quantity", *l.Quantity)
		}
		lines = append(lines, line)
	}
	return lines
}

func (f *fields) quantity(field string, n int64) int64 {
	if n < 1 || n > intake.MaxQuantity {
		f.add(field, codeOutOfRange, "1", strconv.Itoa(intake.MaxQuantity))
	}
	return n
}

type handOverBody struct {
	expects
	TrackingNumber string     `json:"tracking_number"`
	HandedOverAt   *time.Time `json:"handed_over_at"`
}

func handOver(c *call, b handOverBody, s *orders.Submission, f *fields) error {
	id, err := c.part("shipment", 'S')
	if err != nil {
		return err
	}
	view, err := c.server.database.Order(c.Request().Context(), s.Order)
	if err != nil {
		return err
	}
	if view.Order.Shipment(id) == nil {
		return refuse(codeNotFound)
	}
	s.Command = &orders.HandOver{
		ShipmentID: id, TrackingNumber: f.text("tracking_number", b.TrackingNumber, 64),
		HandedOverAt: f.past(c, "handed_over_at", b.HandedOverAt),
	}
	if b.TrackingNumber == "" || f.has("tracking_number") {
		return nil
	}
	used, err := c.server.database.TrackingInUse(c.Request().Context(), b.TrackingNumber, s.Order)
	if used {
		f.add("tracking_number", "tracking_in_use", b.TrackingNumber)
	}
	return err
}

type performBody struct {
	expects
	PerformedAt *time.Time `json:"performed_at"`
}

func perform(c *call, b performBody, s *orders.Submission, f *fields) error {
	visit, _, err := c.appointment(s.Order)
	if err != nil {
		return err
	}
	s.Command = &orders.Perform{AppointmentID: visit.ID, PerformedAt: f.past(c, "performed_at", b.PerformedAt)}
	return nil
}

// appointment finds what the path names in the order as it is stored, whatever its stage.
func (c *call) appointment(number string) (*orders.Appointment, orders.Order, error) {
	id, err := c.part("appointment", 'A')
	if err != nil {
		return nil, orders.Order{}, err
	}
	view, err := c.server.database.Order(c.Request().Context(), number)
	if err != nil {
		return nil, orders.Order{}, err
	}
	visit := view.Order.Appointment(id)
	if visit == nil {
		return nil, orders.Order{}, refuse(codeNotFound)
	}
	return visit, view.Order, nil
}

type rescheduleBody struct {
	expects
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

// reschedule asks for another slot. Which product it is for is known from the order.
func reschedule(c *call, b rescheduleBody, s *orders.Submission, f *fields) error {
	visit, order, err := c.appointment(s.Order)
	if err != nil {
		return err
	}
	s.Command = &orders.Reschedule{AppointmentID: visit.ID}
	f.join(intake.CheckSlot("", b.From, b.To, c.server.config.Clock()))
	line := order.Line(visit.Slot.LineID)
	if b.From != nil && b.To != nil && line != nil {
		s.Slots = []orders.SlotRequest{{LineID: line.ID, SKU: line.SKU, From: *b.From, To: *b.To}}
	}
	return nil
}

type signOffBody struct {
	expects
	By    string     `json:"by"`
	At    *time.Time `json:"at"`
	Proof string     `json:"proof"`
}

// signOff records who confirmed receipt. Their name is personal and so goes to the note.
func signOff(c *call, b signOffBody, s *orders.Submission, f *fields) error {
	by, proof := f.required("by", b.By, 100), f.text("proof", b.Proof, 500)
	s.Command = &orders.SignOff{At: f.past(c, "at", b.At), Proof: proof != ""}
	s.NoteText = by
	if proof != "" {
		s.NoteText += "\n" + proof
	}
	return nil
}

type refuseDeliveryBody struct {
	expects
	ShipmentID string `json:"shipment_id"`
	Reason     string `json:"reason"`
}

func refuseDelivery(_ *call, b refuseDeliveryBody, s *orders.Submission, f *fields) error {
	s.Command = &orders.RefuseDelivery{ShipmentID: f.required("shipment_id", b.ShipmentID, 20)}
	s.NoteText = f.reason("reason", b.Reason)
	return nil
}

type receivePaymentBody struct {
	expects
	PaymentID string `json:"payment_id"`
	Amount    string `json:"amount"`
	Reference string `json:"reference"`
}

func receivePayment(_ *call, b receivePaymentBody, s *orders.Submission, f *fields) error {
	command := &orders.ReceivePayment{
		PaymentID: f.required("payment_id", b.PaymentID, 20), Reference: f.required("reference", b.Reference, 100),
	}
	command.Amount = f.amount("amount", b.Amount)
	s.Command = command
	return nil
}

// amount reads an amount that is more than nothing.
func (f *fields) amount(field, typed string) string {
	amount, problem := intake.Amount(field, typed)
	switch {
	case problem != nil:
		f.join([]orders.FieldProblem{*problem})
	case amount.IsZero():
		f.add(field, codeOutOfRange, "0.01", money.New(intake.MaxPrice, intake.PriceListCurrency).Decimal())
	}
	return amount.Decimal()
}

var partPattern = regexp.MustCompile(`^[A-Z][1-9][0-9]{0,5}$`)

// part returns the ID of a shipment or an appointment in the path. What cannot be one does not exist.
func (c *call) part(name string, letter byte) (string, error) {
	id := c.Param(name)
	if !partPattern.MatchString(id) || id[0] != letter {
		return "", refuse(codeNotFound)
	}
	return id, nil
}

// skew is by how much the clocks of those who report may be ahead of ours.
const skew = 5 * time.Minute

// past checks a time at which something is said to have happened.
func (f *fields) past(c *call, field string, at *time.Time) time.Time {
	switch {
	case at == nil:
		f.add(field, codeRequired)
		return time.Time{}
	case at.After(c.server.config.Clock().Add(skew)):
		f.add(field, "in_the_future")
	}
	return at.UTC()
}
