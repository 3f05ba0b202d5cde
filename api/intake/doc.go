// Package intake turns what somebody typed into an order's draft and contact: the same rules for the API, the
// console and imports. It reports every problem of a form at once, each with the field's path and a code that the
// message catalogues have a sentence for.
package intake
