// Package gateway holds the adapters to the outside world: payment provider, carrier, SMS and mail.
//
// Every call carries an effect key, which the outside honours as its idempotency key. A transport failure (timeout,
// reset, 5xx) is an ordinary error: nobody knows what happened, and the next attempt, marked as a retry, asks by the
// key before it acts. A business answer is an *orders.RefusedError and final.
package gateway
