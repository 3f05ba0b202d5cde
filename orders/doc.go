// Package orders is the domain: what an order is, what may be done to it, and what follows.
//
// Everything here is pure and deterministic, because the order's workflow calls it again during replay: no clock,
// no randomness, no maps in the state, no SQL, no Temporal, no HTTP. Decide is the only place where a command is
// judged, and applying events is the only way in which an order changes.
package orders
