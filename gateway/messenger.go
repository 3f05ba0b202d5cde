package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"amends/orders"
)

// Short sends short messages.
type Short interface {
	Send(ctx context.Context, m orders.Message) error
}

// Letters sends e-mail, one letter to all addresses.
type Letters interface {
	SendTo(ctx context.Context, m orders.Message, addresses []string) error
}

// Messenger reaches customers by SMS or e-mail, and the house's departments by e-mail.
type Messenger struct {
	sms         Short
	mail        Letters
	departments map[string]string // addresses by name
}

// Channels by which a customer was reached.
const (
	ChannelSMS  = "sms"
	ChannelMail = "email"
)

// NewMessenger checks the departments' addresses. A department without one has DefaultDepartmentAddress.
func NewMessenger(sms Short, mail Letters, departments map[string]string) (*Messenger, error) {
	known, all := orders.Departments(), map[string]string{}
	for _, name := range known {
		all[name] = DefaultDepartmentAddress(name)
	}
	var problems []error
	for name, address := range departments {
		switch {
		case !slices.Contains(known, name):
			problems = append(problems, fmt.Errorf("there is no department %q: the departments are %s", name, strings.Join(known, ", ")))
		case !plainAddress(address):
			problems = append(problems, fmt.Errorf("the address of the department %s must be one plain e-mail address", name))
		}
		all[name] = address
	}
	return &Messenger{sms, mail, all}, errors.Join(problems...)
}

// DefaultDepartmentAddress is where a department is written to unless configured otherwise.
func DefaultDepartmentAddress(name string) string { return name + "@amends.example" }

// ToCustomer sends by SMS where there is a number, else, or where the number takes none, by e-mail. Message.To is not
// read. A customer without either is refused as RefusedRecipient.
func (m *Messenger) ToCustomer(ctx context.Context, message orders.Message, c orders.Contact) (channel string, err error) {
	err = &orders.RefusedError{Code: orders.RefusedRecipient}
	if message.To = c.Phone; message.To != "" {
		channel, err = ChannelSMS, m.sms.Send(ctx, message)
	}
	var refused *orders.RefusedError
	if message.To = c.Email; message.To != "" && errors.As(err, &refused) {
		channel, err = ChannelMail, m.mail.SendTo(ctx, message, []string{c.Email})
	}
	return channel, err
}

// ToDepartments sends one letter to all of them or to none, so that a retry brings nobody a second copy because of
// another's address. An unknown department, or none at all, is refused as RefusedRecipient.
func (m *Messenger) ToDepartments(ctx context.Context, message orders.Message, departments []string) error {
	var addresses []string
	for _, name := range departments {
		address, ok := m.departments[name]
		if !ok {
			return fmt.Errorf("tell department %q: %w", name, &orders.RefusedError{Code: orders.RefusedRecipient})
		}
		if !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return m.mail.SendTo(ctx, message, addresses)
}
