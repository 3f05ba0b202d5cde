package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"amends/internal/client"
)

// shippable waits until the order may be packed: paid, reserved, not parked.
func (l *demoLife) shippable() error {
	return l.await("allowed: ship", func(o *client.Order) bool { return o.May("ship") })
}

// handOver packs what is named, or everything, waits for the label and hands the parcel over.
func (l *demoLife) handOver(lines ...body) (tracking string, err error) {
	if err := l.shippable(); err != nil {
		return "", err
	}
	packed, err := l.do("warehouse", "shipments", body{"carrier": "SF", "lines": lines})
	if err != nil {
		return "", err
	}
	id := packed.ShipmentID
	err = l.await("a label for "+id, func(o *client.Order) bool { return o.Shipment(id).Label != "" })
	if err != nil {
		return "", err
	}
	tracking = l.seen.Shipment(id).Label
	return tracking, l.then("warehouse", "shipments/"+id+"/hand-over", body{
		"tracking_number": tracking, "handed_over_at": time.Now().UTC(),
	})
}

// deliver hands a parcel over and has the carrier deliver it with proof.
func (l *demoLife) deliver(lines ...body) error {
	tracking, err := l.handOver(lines...)
	if err != nil {
		return err
	}
	return l.event(tracking, "delivered", true)
}

func (l *demoLife) event(tracking, status string, proof bool) error {
	event := body{"status": status}
	if proof {
		event["proof"] = body{"signed_by": "本人", "photo": "door.jpg"}
	}
	return l.client.Control(l.ctx, "/carrier/"+tracking+"/events", event)
}

func (l *demoLife) perform() error {
	err := l.await("allowed: perform", func(o *client.Order) bool { return o.May("perform") })
	if err != nil {
		return err
	}
	return l.then("warehouse", "appointments/"+l.seen.Appointments[0].ID+"/perform", body{"performed_at": time.Now().UTC()})
}

func (l *demoLife) signOff() error {
	err := l.await("allowed: sign-off", func(o *client.Order) bool { return o.May("sign-off") })
	if err != nil {
		return err
	}
	return l.then("warehouse", "sign-off", body{"by": "李雷", "at": time.Now().UTC()})
}

// told waits until the customer has had a message with the text.
func (l *demoLife) told(text string) error {
	ctx, cancel := context.WithTimeout(l.ctx, stepWithin)
	defer cancel()
	for {
		var book struct {
			Items []struct {
				Text string `json:"text"`
			} `json:"items"`
		}
		if err := l.client.Book(ctx, "sms", l.number, &book); err != nil {
			return fmt.Errorf("expected a message %q: %w", text, err)
		}
		for _, sent := range book.Items {
			if strings.Contains(sent.Text, text) {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}
