// Command worker runs the workflows and activities of orders, the relay of commands and the sender of messages.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	tlog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"amends/activities"
	"amends/commands"
	"amends/gateway"
	"amends/internal/config"
	"amends/store"
	"amends/workflows"
)

// settings is the worker's environment; Temporal's own variables are read by envconfig.
type settings struct {
	DatabaseURL string        `env:"AMENDS_DATABASE_URL,required,notEmpty"`
	PublicURL   string        `env:"AMENDS_PUBLIC_URL"`
	CommandKey  string        `env:"AMENDS_COMMAND_KEY,required,notEmpty"`
	PaymentsURL string        `env:"AMENDS_PAYMENTS_URL,required,notEmpty"`
	CarrierURL  string        `env:"AMENDS_CARRIER_URL,required,notEmpty"`
	SupplierURL string        `env:"AMENDS_SUPPLIER_URL,required,notEmpty"`
	SMSURL      string        `env:"AMENDS_SMS_URL,required,notEmpty"`
	SMTPAddr    string        `env:"AMENDS_SMTP_ADDR" envDefault:"127.0.0.1:1025"`
	MailFrom    string        `env:"AMENDS_MAIL_FROM" envDefault:"orders@amends.example"`
	Company     string        `env:"AMENDS_COMPANY" envDefault:"Amends"`
	CallTimeout time.Duration `env:"AMENDS_CALL_TIMEOUT" envDefault:"5s"`
	// Departments are the addresses by name, as in "finance=money@amends.example,service=fitters@amends.example".
	Departments map[string]string `env:"AMENDS_DEPARTMENTS" envKeyValSeparator:"="`
	CensusEvery time.Duration     `env:"AMENDS_CENSUS_EVERY" envDefault:"1m"`
	// Worker Versioning is off unless both are set.
	Deployment string `env:"AMENDS_DEPLOYMENT"`
	BuildID    string `env:"AMENDS_BUILD_ID"`
}

// versioning makes open orders follow the newest build that is current in the deployment.
func (c settings) versioning() worker.DeploymentOptions {
	if c.Deployment == "" || c.BuildID == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: c.Deployment, BuildID: c.BuildID},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// messenger reaches customers and departments.
func (c settings) messenger() (*gateway.Messenger, error) {
	mail, err := gateway.NewMail(gateway.MailConfig{Addr: c.SMTPAddr, From: c.MailFrom, Name: c.Company, Timeout: c.CallTimeout})
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	messenger, err := gateway.NewMessenger(gateway.NewSMS(c.SMSURL, c.CallTimeout), mail, c.Departments)
	if err != nil {
		return nil, fmt.Errorf("AMENDS_DEPARTMENTS: %w", err)
	}
	return messenger, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := run(ctx, log); err != nil {
		log.Error("the worker stops", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger) error {
	var c settings
	if err := config.Read(&c); err != nil {
		return err
	}
	if c.CensusEvery <= 0 {
		return fmt.Errorf("AMENDS_CENSUS_EVERY is not positive: %s", c.CensusEvery)
	}
	messenger, err := c.messenger()
	if err != nil {
		return err
	}
	db, err := store.Await(ctx, c.DatabaseURL, log)
	if err != nil {
		return err
	}
	defer db.Close()
	temporal, err := dial(ctx, log)
	if err != nil {
		return err
	}
	defer temporal.Close()

	var background sync.WaitGroup
	defer background.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	service := commands.New(db, temporal, commands.Settings{PublicURL: c.PublicURL, Key: []byte(c.CommandKey)})
	relay := commands.NewRelay(service, listen(ctx, &background, db, "commands"), log)
	background.Go(func() { relay.Run(ctx) })
	background.Go(func() { commands.NewWatch(service, db, c.CensusEvery, log).Run(ctx) })
	sender := &sender{
		db: db, messenger: messenger, company: c.Company, log: log,
		wake: listen(ctx, &background, db, "outbox"),
	}
	background.Go(func() { sender.run(ctx) })
	return work(ctx, temporal, workflows.Activities{
		CommandKey: []byte(c.CommandKey),
		Records:    activities.NewRecords(db),
		Stock:      activities.NewStock(db),
		Calendar:   activities.NewCalendar(db),
		Ledger:     activities.NewLedger(db),
		Payments:   activities.NewPayments(db, gateway.NewPayments(c.PaymentsURL, c.CallTimeout)),
		Carriers:   activities.NewCarriers(db, db, gateway.NewCarrier(c.CarrierURL, c.CallTimeout)),
		Suppliers:  activities.NewSuppliers(db, gateway.NewSupplier(c.SupplierURL, c.CallTimeout)),
		Messages:   activities.NewMessages(db, messenger, c.Company),
	}, c.versioning())
}

// work polls the task queue until the context ends, and then lets what is running finish.
func work(ctx context.Context, temporal client.Client, a workflows.Activities, versioning worker.DeploymentOptions) error {
	ctx, fatal := context.WithCancelCause(ctx)
	defer fatal(nil)
	w := worker.New(temporal, workflows.TaskQueue, worker.Options{
		OnFatalError:                     fatal,
		MaxConcurrentWorkflowTaskPollers: 8,
		MaxConcurrentActivityTaskPollers: 8,
		WorkerStopTimeout:                10 * time.Second,
		DeploymentOptions:                versioning,
	})
	workflows.Register(w, a)
	if err := w.Start(); err != nil {
		return fmt.Errorf("start polling: %w", err)
	}
	<-ctx.Done()
	w.Stop()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("poll: %w", err)
	}
	return nil
}

// dial waits for Temporal: the server may still be starting.
func dial(ctx context.Context, log *slog.Logger) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("read Temporal's variables: %w", err)
	}
	options.Logger = tlog.NewStructuredLogger(log)
	for {
		c, err := client.DialContext(ctx, options)
		if err == nil {
			return c, nil
		}
		log.Warn("Temporal does not answer yet", "error", err)
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(time.Second):
		}
	}
}

// listen turns notifications of the database into a channel that never blocks the listener.
func listen(ctx context.Context, background *sync.WaitGroup, db *store.Store, channel string) <-chan struct{} {
	wake := make(chan struct{}, 1)
	background.Go(func() {
		db.Listen(ctx, channel, func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		})
	})
	return wake
}
