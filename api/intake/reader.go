package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amends/orders"
)

// PriceListCurrency is the currency of the price list and so of every order.
const PriceListCurrency = "CNY"

// DefaultAfterSalesDays is the after-sales window where the form does not name one.
const DefaultAfterSalesDays = 7

// Catalogue answers what is known of products and customers. The look-ups of one customer return orders.ErrNotFound.
type Catalogue interface {
	Products(ctx context.Context, skus []string) ([]orders.Product, error)
	CustomerByID(ctx context.Context, id string) (orders.Customer, error)
	CustomerByPhone(ctx context.Context, phone string) (orders.Customer, error)
}

// Entry is a form that is right: what is to be written and sent.
type Entry struct {
	Draft       orders.Draft
	Contact     orders.Contact
	NewCustomer *orders.Customer // nil when the customer is known already
	Slots       []orders.SlotRequest
}

// Reader reads forms with a catalogue beside it.
type Reader struct {
	catalogue Catalogue
	now       func() time.Time
}

// NewReader returns a reader of forms. Dates are judged by the clock.
func NewReader(catalogue Catalogue, clock func() time.Time) *Reader {
	return &Reader{catalogue: catalogue, now: clock}
}

// Read checks a form. It returns either the entry or every problem of the form; the error is the catalogue's.
func (r *Reader) Read(ctx context.Context, form Form) (Entry, []orders.FieldProblem, error) {
	p := &problems{}
	entry := Entry{}
	customer, err := r.customer(ctx, p, form.Customer)
	if err != nil {
		return entry, nil, err
	}
	products, err := r.products(ctx, form.Lines)
	if err != nil {
		return entry, nil, err
	}
	entry.Contact = contact(p, form, customer)
	entry.Draft = r.draft(p, form, products)
	entry.Draft.Contact = facts(entry.Contact)
	entry.Slots = slots(entry.Draft.Lines, form.Lines)
	if len(p.list) > 0 {
		return Entry{}, p.list, nil
	}
	if customer.ID == "" {
		customer = newCustomer(entry.Contact)
		entry.NewCustomer = &customer
	}
	return entry.owned(customer.ID), nil, nil
}

// customer returns the known customer, or an empty one when a new one is to be made.
func (r *Reader) customer(ctx context.Context, p *problems, typed Person) (orders.Customer, error) {
	if typed.ID != "" {
		return r.customerByID(ctx, p, typed.ID)
	}
	if Blank(typed.Name) {
		p.add("customer.name", CodeRequired)
	}
	if Blank(typed.Phone) {
		p.add("customer.phone", CodeRequired)
		return orders.Customer{}, nil
	}
	phone, code := Phone(typed.Phone)
	if code != "" {
		return orders.Customer{}, nil // reported with the contact
	}
	found, err := r.catalogue.CustomerByPhone(ctx, phone)
	if errors.Is(err, orders.ErrNotFound) {
		return orders.Customer{}, nil
	}
	if err != nil {
		return orders.Customer{}, fmt.Errorf("find customer by phone: %w", err)
	}
	return found, nil
}

func (r *Reader) customerByID(ctx context.Context, p *problems, id string) (orders.Customer, error) {
	if _, problem := Required("customer.id", id, 64); problem != nil {
		p.add("customer.id", CodeUnknownPerson)
		return orders.Customer{}, nil
	}
	found, err := r.catalogue.CustomerByID(ctx, id)
	if errors.Is(err, orders.ErrNotFound) {
		p.add("customer.id", CodeUnknownPerson)
		return orders.Customer{}, nil
	}
	if err != nil {
		return orders.Customer{}, fmt.Errorf("find customer: %w", err)
	}
	return found, nil
}

func (r *Reader) products(ctx context.Context, lines []Line) (map[string]orders.Product, error) {
	known := map[string]orders.Product{}
	if len(lines) == 0 || len(lines) > orders.MaxLines {
		return known, nil
	}
	skus := make([]string, 0, len(lines))
	for _, line := range lines {
		if sku, problem := Required("sku", line.SKU, 64); problem == nil {
			skus = append(skus, sku)
		}
	}
	slices.Sort(skus)
	found, err := r.catalogue.Products(ctx, slices.Compact(skus))
	if err != nil {
		return nil, fmt.Errorf("find products: %w", err)
	}
	for _, product := range found {
		known[product.SKU] = product
	}
	return known, nil
}

func newCustomer(c orders.Contact) orders.Customer {
	return orders.Customer{ID: newID(), Name: c.Name, Phone: c.Phone, Email: c.Email, Locale: c.Locale}
}

// owned fills in the references between the draft, the contact row and the customer.
func (e Entry) owned(customerID string) Entry {
	e.Contact.ID, e.Contact.CustomerID = newID(), customerID
	e.Draft.ContactID, e.Draft.CustomerID = e.Contact.ID, customerID
	return e
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
