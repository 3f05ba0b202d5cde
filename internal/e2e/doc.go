// Package e2e holds the tests that drive whole orders over HTTP on the real stack: Postgres, Temporal, the sandbox, a
// mail server, worker and API, each a process that a test can kill. There is nothing here but tests.
//
// All scenarios share one stack. Those that kill or freeze a part run one after the other and alone; the others run side
// by side afterwards, each with customers, products and times of its own. When all have passed, the whole database, the
// outside world's books and every workflow are compared.
//
// Files with the tag long hold the proofs with exact counts over hundreds of orders, which make test-long runs. Their chance
// has a seed that is printed; AMENDS_PROOF_SEED repeats it.
//
// With the flag -record a scenario's history is added to the golden ones that package workflows replays.
package e2e
