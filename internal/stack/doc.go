// Package stack runs everything Amends needs on one machine: a private
// Postgres cluster, the embedded Temporal server, the sandbox, a mail catcher,
// the worker and the API, each a process of its own. `starter up`, the
// end-to-end tests and the bench use it; tests can kill, freeze and start
// again each part by itself.
//
// Everything listens on 127.0.0.1. What a start keeps between runs lies in one
// data folder.
package stack
