package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"amends/gateway/notices"
	"amends/orders"

	"github.com/wneessen/go-mail"
)

// MailConfig says where mail is handed over and whom it comes from.
type MailConfig struct {
	Addr    string        // host:port of the SMTP server; without TLS on the loopback, with TLS anywhere else
	From    string        // the sender's address
	Name    string        // the sender's name; may be empty
	Timeout time.Duration // of the whole delivery; 0 is DefaultTimeout
}

// Mail sends e-mail through an SMTP server.
type Mail struct {
	config MailConfig
	host   string
	port   int
	tls    mail.TLSPolicy
}

// NewMail checks the configuration; nothing is dialled yet.
func NewMail(config MailConfig) (*Mail, error) {
	host, portText, err := net.SplitHostPort(config.Addr)
	if err != nil {
		return nil, errors.New("the SMTP address must be host:port")
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 1 || port > 65535 {
		return nil, errors.New("the SMTP port must be 1 to 65535")
	}
	if !plainAddress(config.From) {
		return nil, errors.New("the sender must be one plain e-mail address")
	}
	if config.Timeout <= 0 {
		config.Timeout = DefaultTimeout
	}
	m := &Mail{config: config, host: host, port: port, tls: mail.TLSMandatory}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		m.tls = mail.NoTLS
	}
	return m, nil
}

// SendTo renders a message and hands it over for all addresses or for none. SMTP knows no idempotency keys: a repeat after an unknown outcome may be a
// second copy, which the equal Message-ID makes recognisable.
func (m *Mail) SendTo(ctx context.Context, message orders.Message, addresses []string) error {
	letter, err := m.write(message, addresses)
	if err != nil {
		return fmt.Errorf("send message %s: %w", message.Template, err)
	}
	client, err := mail.NewClient(m.host, mail.WithPort(m.port), mail.WithTLSPolicy(m.tls), mail.WithTimeout(m.config.Timeout))
	if err != nil {
		return fmt.Errorf("send message %s: %w", message.Template, err)
	}
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, letter)
	if err != nil && !letter.IsDelivered() { // a lost farewell after the letter was taken is no failure
		return fmt.Errorf("send message %s: %w", message.Template, withoutText(err))
	}
	return nil
}

// write builds the letter. Everything that goes into a header is checked or encoded, so that no value can add one.
func (m *Mail) write(message orders.Message, addresses []string) (*mail.Msg, error) {
	if len(addresses) == 0 || slices.ContainsFunc(addresses, func(a string) bool { return !plainAddress(a) }) {
		return nil, &orders.RefusedError{Code: orders.RefusedRecipient}
	}
	subject, body, err := notices.Mail(message)
	if err != nil {
		return nil, err
	}
	letter := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8))
	if err := letter.FromFormat(oneLine(m.config.Name), m.config.From); err != nil {
		return nil, errors.New("the sender is unusable")
	}
	if err := letter.To(addresses...); err != nil {
		return nil, &orders.RefusedError{Code: orders.RefusedRecipient}
	}
	letter.Subject(oneLine(subject))
	letter.SetMessageIDWithValue(m.messageID(message.Key))
	letter.SetDate()
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetGenHeader("Content-Language", strings.Join(notices.LanguagesOf(message), ", "))
	letter.SetBodyString(mail.TypeTextPlain, body)
	return letter, nil
}

// messageID depends on the effect key alone.
func (m *Mail) messageID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + m.config.From[strings.LastIndex(m.config.From, "@"):]
}

// plainAddress accepts name@domain, without a display name, comments or control characters.
func plainAddress(address string) bool {
	parsed, err := netmail.ParseAddress(address)
	return err == nil && parsed.Address == address && parsed.Name == "" && oneLine(address) == address
}

func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text))
}

// withoutText makes of the server's answer a refusal or an error without words from outside.
func withoutText(err error) error {
	var failed *mail.SendError
	if !errors.As(err, &failed) || failed.ErrorCode() == 0 {
		return errors.New("the mail server cannot be reached")
	}
	if failed.Reason == mail.ErrSMTPRcptTo && !failed.IsTemp() {
		return &orders.RefusedError{Code: orders.RefusedRecipient}
	}
	return fmt.Errorf("the mail server answered %d", failed.ErrorCode())
}
