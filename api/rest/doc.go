// Package rest is the JSON API. It reads requests strictly, hands commands on, and answers problems as RFC 9457
// says; the contract is openapi.yaml.
package rest
