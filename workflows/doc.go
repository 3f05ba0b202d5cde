// Package workflows holds the one workflow of Amends: an order's whole life. It is deterministic code that decides by
// asking package orders, and acts by running activities.
package workflows
