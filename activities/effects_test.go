package activities_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"amends/activities"
	"amends/gateway"
	"amends/internal/testdb"
	"amends/money"
	"amends/orders"
	"amends/sandbox/world"
	"amends/store"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// bench is the effects of one test on a real database and a real outside world.
type bench struct {
	*testing.T
	db    *store.Store
	sql   *pgxpool.Pool
	world *httptest.Server
	book  *book
	order string
}

func setup(t *testing.T) *bench {
	t.Helper()
	ctx := context.Background()
	url := testdb.New(t)
	_, err := store.Migrate(ctx, url)
	require.NoError(t, err)
	require.NoError(t, store.Seed(ctx, url, nil))
	db, err := store.Open(ctx, url)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	sql, err := pgxpool.New(ctx, url)
	require.NoError(t, err)
	t.Cleanup(sql.Close)
	pool, err := pgxpool.New(ctx, testdb.New(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	w, err := world.Open(ctx, pool, world.Config{})
	require.NoError(t, err)
	t.Cleanup(w.Close)
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	return &bench{T: t, db: db, sql: sql, world: server, book: &book{Store: db}}
}

// next gives the bench another order.
func (b *bench) next(t *testing.T, n int) {
	b.T, b.order, b.book = t, fmt.Sprintf("DD20260101-%06d", n), &book{Store: b.db}
}

var errBroken = errors.New("the connection broke")

// book is the real one over a line that breaks once at every point where it is told to.
type book struct {
	*store.Store
	mu     sync.Mutex
	broken []string // points, each for one call: before_claim, after_claim, before_settle, after_settle
	settle func()   // happens before an outcome is written

	contact *orders.Contact // of every order; nil: one with a telephone
}

func (b *book) breaks(point string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.broken) == 0 || b.broken[0] != point {
		return false
	}
	b.broken = b.broken[1:]
	return true
}

func (b *book) ClaimEffect(ctx context.Context, e orders.Effect) (orders.EffectClaim, error) {
	if b.breaks("before_claim") {
		return orders.EffectClaim{}, errBroken
	}
	claim, err := b.Store.ClaimEffect(ctx, e)
	if b.breaks("after_claim") {
		return orders.EffectClaim{}, errBroken
	}
	return claim, err
}

func (b *book) SettleEffect(ctx context.Context, key string, outcome orders.EffectOutcome) error {
	if b.settle != nil {
		b.settle()
	}
	if b.breaks("before_settle") {
		return errBroken
	}
	err := b.Store.SettleEffect(ctx, key, outcome)
	if b.breaks("after_settle") {
		return errBroken
	}
	return err
}

func (b *book) ContactByID(context.Context, string) (orders.Contact, error) {
	if b.breaks("contact") {
		return orders.Contact{}, errBroken
	}
	if b.contact != nil {
		return *b.contact, nil
	}
	return orders.Contact{Name: "李雷", Phone: "+8613800138000", ShipTo: orders.Consignee{Address: orders.Address{City: "深圳市", Detail: "1 号"}}}, nil
}

func (b *bench) misbehave(provider, call, mode string, times int) {
	b.Helper()
	wish, err := json.Marshal(map[string]any{
		"provider": provider, "call": call, "mode": mode, "times": times, "order": b.order, "delay_ms": 5,
	})
	require.NoError(b, err)
	response, err := http.Post(b.world.URL+"/behaviour", "application/json", bytes.NewReader(wish))
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusCreated, response.StatusCode)
}

// entries lists what a provider did under a key.
func (b *bench) entries(provider, key string) []string {
	b.Helper()
	response, err := http.Get(b.world.URL + "/books/" + provider + "?key=" + key)
	require.NoError(b, err)
	defer response.Body.Close()
	var found struct {
		Items []struct {
			Kind string `json:"kind"`
		} `json:"items"`
	}
	require.NoError(b, json.NewDecoder(response.Body).Decode(&found))
	kinds := []string{}
	for _, item := range found.Items {
		kinds = append(kinds, item.Kind)
	}
	return kinds
}

func (b *bench) payments() *activities.Payments {
	return activities.NewPayments(b.book, gateway.NewPayments(b.world.URL+"/payments", time.Second))
}

func (b *bench) carriers() *activities.Carriers {
	return activities.NewCarriers(b.book, b.book, gateway.NewCarrier(b.world.URL+"/carrier", time.Second))
}

func (b *bench) suppliers() *activities.Suppliers {
	return activities.NewSuppliers(b.book, gateway.NewSupplier(b.world.URL+"/supplier", time.Second))
}

func yuan(n int64) money.Amount { return money.New(n*100, "CNY") }

func (b *bench) call(kind string, amount money.Amount, reference string) orders.PaymentCall {
	return orders.PaymentCall{Key: b.order + "/" + kind + "/P1/1", Order: b.order, Payment: "P1", Amount: amount, Reference: reference}
}

// effect is one thing that leaves the house, with what must be there before.
type effect struct {
	provider, verb, entry string
	key                   string
	do                    func(ctx context.Context) (orders.EffectOutcome, error)
}

var kinds = []string{
	"authorise", "capture", "release", "refund", "book", "cancel", "intercept", "purchase", "cancel_purchase", "tell",
}

// prepare does what comes before an effect of the kind, without faults, and returns the effect.
func (b *bench) prepare(kind string) effect {
	b.Helper()
	switch kind {
	case "authorise", "capture", "release", "refund":
		return b.preparePayment(kind)
	case "book", "cancel", "intercept":
		return b.prepareParcel(kind)
	case "purchase", "cancel_purchase":
		return b.preparePurchase(kind)
	case "tell":
		t := activities.Telling{Key: b.order + "/ZF1/notify_customer/1", Order: b.order, Amendment: "ZF1", Template: orders.TemplateVoided}
		return effect{"sms", "send", "sent", t.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
			return b.messages().TellCustomer(ctx, t)
		}}
	}
	require.Failf(b, "unknown kind", "%s", kind)
	return effect{}
}

func (b *bench) preparePayment(kind string) effect {
	b.Helper()
	ctx := context.Background()
	reference := ""
	if kind == "capture" || kind == "release" || kind == "refund" {
		outcome, err := b.payments().AuthorisePayment(ctx, b.call("authorise", yuan(100), ""))
		require.NoError(b, err)
		reference = outcome.Reference
	}
	switch kind {
	case "authorise":
		c := b.call(kind, yuan(100), "")
		return effect{"payments", kind, "authorised", c.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
			return b.payments().AuthorisePayment(ctx, c)
		}}
	case "capture":
		c := b.call(kind, yuan(100), reference)
		return effect{"payments", kind, "captured", c.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
			return b.payments().CapturePayment(ctx, c)
		}}
	case "release":
		c := b.call(kind, yuan(100), reference)
		return effect{"payments", kind, "released", c.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
			return b.payments().ReleasePayment(ctx, c)
		}}
	}
	_, err := b.payments().CapturePayment(ctx, b.call("capture", yuan(100), reference))
	require.NoError(b, err)
	c := b.call(kind, yuan(60), reference)
	return effect{"payments", kind, "refunded", c.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
		return b.payments().RefundPayment(ctx, c)
	}}
}

func (b *bench) prepareParcel(kind string) effect {
	b.Helper()
	booking := activities.Booking{Key: b.order + "/book/S1/1", Order: b.order, Shipment: "S1", Carrier: "SF", ContactID: "c"}
	if kind == "book" {
		return effect{"carrier", kind, "booked", booking.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
			return b.carriers().BookParcel(ctx, booking)
		}}
	}
	outcome, err := b.carriers().BookParcel(context.Background(), booking)
	require.NoError(b, err)
	if kind == "intercept" {
		parcel := activities.Label{Key: b.order + "/intercept/S1/1", Order: b.order, Shipment: "S1", TrackingNumber: outcome.Reference}
		return effect{"carrier", kind, "intercept_asked", parcel.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
			return b.carriers().InterceptParcel(ctx, parcel)
		}}
	}
	label := activities.Label{Key: b.order + "/cancel_label/S1/1", Order: b.order, Shipment: "S1", TrackingNumber: outcome.Reference}
	return effect{"carrier", kind, "cancelled", label.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
		return b.carriers().CancelLabel(ctx, label)
	}}
}

func (b *bench) preparePurchase(kind string) effect {
	b.Helper()
	c := orders.PurchaseCall{Key: b.order + "/purchase/B1/1", Order: b.order, Request: "B1", SKU: "TEA-001", Quantity: 3}
	if kind == "purchase" {
		return effect{"supplier", "request", "requested", c.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
			return b.suppliers().RequestPurchase(ctx, c)
		}}
	}
	outcome, err := b.suppliers().RequestPurchase(context.Background(), c)
	require.NoError(b, err)
	c.Key, c.Reference = b.order+"/cancel_purchase/B1/1", outcome.Reference
	return effect{"supplier", "cancel", "cancelled", c.Key, func(ctx context.Context) (orders.EffectOutcome, error) {
		return b.suppliers().CancelPurchase(ctx, c)
	}}
}

// gone lets a provider answer nothing any more: what is known is known from our own book.
func (b *bench) gone(e effect) {
	b.Helper()
	b.misbehave(e.provider, e.verb, "error_before", -1)
	b.misbehave(e.provider, "find", "error_before", -1)
}

// persist repeats an effect as Temporal does, until it is answered.
func (b *bench) persist(e effect) (outcome orders.EffectOutcome, attempts int, err error) {
	b.Helper()
	for attempts = 1; attempts <= 6; attempts++ {
		outcome, err = e.do(context.Background())
		var application *temporal.ApplicationError
		if err == nil || (errors.As(err, &application) && application.NonRetryable()) {
			return outcome, attempts, err
		}
		require.ErrorAs(b, err, &application)
		require.Equal(b, activities.TypeUnreachable, application.Type())
		require.Equal(b, "no answer", application.Message(), "errors carry codes and no text from outside")
	}
	require.Failf(b, "never answered", "%v", err)
	return outcome, attempts, err
}

func TestWhateverBreaksThereIsOneEntryInTheBookOutside(t *testing.T) {
	b := setup(t)
	points := []string{"before_claim", "after_claim", "before_settle", "after_settle"}
	outside := []string{"", "error_before", "error_after", "lose", "timeout_after", "already_done", "slow"}
	n := 0
	for _, kind := range kinds {
		for _, point := range append(points, "") {
			for _, mode := range outside {
				n++
				number := n
				t.Run(kind+" "+point+" "+mode, func(t *testing.T) {
					b.next(t, number)
					e := b.prepare(kind)
					if point != "" {
						b.book.broken = []string{point}
					}
					if mode != "" {
						b.misbehave(e.provider, e.verb, mode, 1)
					}
					outcome, _, err := b.persist(e)
					require.NoError(t, err)
					require.True(t, outcome.Done)
					require.Equal(t, kind == "intercept", outcome.Pending)
					if kind == "tell" && mode == "lose" {
						e.entry = "lost" // on the way, as the gateway knows and nobody else
					}
					require.Equal(t, []string{e.entry}, b.entries(e.provider, e.key))
					b.gone(e)
					again, attempts, err := b.persist(e)
					require.NoError(t, err)
					require.Equal(t, 1, attempts)
					require.Equal(t, outcome, again, "the second answer is the first one")
				})
			}
		}
	}
	b.T = t
	b.invariant()
}

// invariant asks the database's own questions about money.
func (b *bench) invariant() {
	b.Helper()
	violations, err := b.db.CheckInvariants(context.Background())
	require.NoError(b, err)
	for _, v := range violations {
		require.Zero(b, v.Count, "%s: %v", v.Name, v.Examples)
	}
}

func TestAProviderThatForgetsKeysIsLookedUpAfterABreak(t *testing.T) {
	b := setup(t)
	for i, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			b.next(t, i+1)
			e := b.prepare(kind)
			b.misbehave(e.provider, e.verb, "forget_key", -1)
			b.misbehave(e.provider, e.verb, "error_after", 1)
			b.book.broken = []string{"before_settle", "after_claim", "before_settle"}
			_, attempts, err := b.persist(e)
			require.NoError(t, err)
			require.Greater(t, attempts, 3)
			require.Equal(t, []string{e.entry}, b.entries(e.provider, e.key))
		})
	}
}

func TestARefusalIsAnOutcomeAndIsRemembered(t *testing.T) {
	b := setup(t)
	n := 0
	for _, kind := range kinds {
		for _, point := range []string{"", "after_claim", "before_settle", "after_settle"} {
			n++
			number := n
			t.Run(kind+" "+point, func(t *testing.T) {
				b.next(t, number)
				e := b.prepare(kind)
				b.misbehave(e.provider, e.verb, "refuse", 1)
				if point != "" {
					b.book.broken = []string{point}
				}
				_, _, err := b.persist(e)
				var application *temporal.ApplicationError
				require.ErrorAs(t, err, &application)
				require.True(t, application.NonRetryable())
				require.Equal(t, orders.RefusedRefused, application.Type(), "the code is the type")
				b.gone(e)
				_, attempts, again := b.persist(e)
				require.Equal(t, 1, attempts)
				require.Equal(t, err, again)
				require.Empty(t, b.entries(e.provider, e.key), "nobody asks a second time under a refused key")
			})
		}
	}
	b.T = t
	b.invariant()
}

func TestADeclinedPaymentIsOneEntryAndStaysDeclined(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	e := b.prepare("authorise")
	b.misbehave("payments", "authorise", "decline", 1)
	b.book.broken = []string{"before_settle", "before_settle"}
	for range 3 {
		_, _, err := b.persist(e)
		var application *temporal.ApplicationError
		require.ErrorAs(t, err, &application)
		require.Equal(t, orders.RefusedDeclined, application.Type())
	}
	require.Equal(t, []string{"declined"}, b.entries("payments", e.key))
}

func TestTenCopiesOfOneActivityHaveOneEffect(t *testing.T) {
	b := setup(t)
	const copies = 10
	for i, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			b.next(t, i+1)
			e := b.prepare(kind)
			var answered atomic.Int64
			outcomes := make([]orders.EffectOutcome, copies)
			start := make(chan struct{})
			var group sync.WaitGroup
			for n := range copies {
				group.Go(func() {
					<-start
					for range 6 {
						outcome, err := e.do(context.Background())
						if err == nil {
							outcomes[n] = outcome
							answered.Add(1)
							return
						}
					}
				})
			}
			close(start)
			group.Wait()
			require.Equal(t, int64(copies), answered.Load())
			for _, o := range outcomes {
				require.Equal(t, outcomes[0], o)
			}
			require.Equal(t, []string{e.entry}, b.entries(e.provider, e.key))
		})
	}
	b.T = t
	b.invariant()
}

func TestAFrozenCopyThatWakesUpLateChangesNothing(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	e := b.prepare("authorise")
	frozen, woken := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	b.book.settle = func() {
		if first.CompareAndSwap(false, true) { // the first to come freezes with its answer in its hand
			close(frozen)
			<-woken
		}
	}
	late := make(chan error)
	go func() {
		_, err := e.do(context.Background())
		late <- err
	}()
	<-frozen
	outcome, err := e.do(context.Background())
	require.NoError(t, err)
	require.True(t, outcome.Done)
	close(woken)
	require.NoError(t, <-late)
	require.Equal(t, []string{"authorised"}, b.entries("payments", e.key))
	b.invariant()
}

func TestAKeyIsForOneThingOnly(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	e := b.prepare("authorise")
	_, _, err := b.persist(e)
	require.NoError(t, err)
	c := b.call("authorise", yuan(200), "")
	_, err = b.payments().AuthorisePayment(context.Background(), c)
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.True(t, application.NonRetryable())
	require.Equal(t, orders.RefusedKeyReused, application.Type())
	require.Equal(t, []string{"authorised"}, b.entries("payments", e.key))
}

func TestNoMoreIsCapturedThanWasAuthorised(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	e := b.prepare("capture")
	_, _, err := b.persist(e)
	require.NoError(t, err)
	c := b.call("capture", yuan(1), "any")
	c.Key += "/more"
	_, err = b.payments().CapturePayment(context.Background(), c)
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.True(t, application.NonRetryable())
	require.Equal(t, orders.RefusedTooMuch, application.Type())
	require.Empty(t, b.entries("payments", c.Key), "the book says no before anybody is asked")
}

func TestALabelIsNotAskedForWithoutItsConsignee(t *testing.T) {
	b := setup(t)
	b.next(t, 1)
	e := b.prepare("book")
	b.book.broken = []string{"contact"}
	_, attempts, err := b.persist(e)
	require.NoError(t, err)
	require.Equal(t, 2, attempts)
	require.Equal(t, []string{"booked"}, b.entries("carrier", e.key))
}
