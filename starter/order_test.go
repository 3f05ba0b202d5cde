package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOrderFileIsPlacedOnceAndReported(t *testing.T) {
	keys := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		keys[r.Header.Get("Idempotency-Key")]++
		if r.Header.Get("Authorization") != "Bearer t" || r.URL.Path != "/api/v1/orders" || string(body) != `{"a":1}` {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"code":"invalid","detail":"Not right.","errors":[{"field":"lines[0].sku","message":"No such product."}]}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"number":"DD20261122-000001","stage":"created","links":{"self":"http://a/1","temporal":"http://t/1"}}`)
	}))
	defer server.Close()
	t.Setenv("AMENDS_PUBLIC_URL", server.URL+"/")
	var out strings.Builder
	for range 2 {
		require.NoError(t, placeOrder(context.Background(), &out, "t", contentKey([]byte(`{"a":1}`)), []byte(`{"a":1}`)))
	}
	require.Len(t, keys, 1)
	require.Contains(t, out.String(), "DD20261122-000001  created\norder     http://a/1\nworkflow  http://t/1\n")

	err := placeOrder(context.Background(), &out, "t", contentKey([]byte(`{}`)), []byte(`{}`))
	require.EqualError(t, err, "the order was refused (422 invalid): Not right.\n  lines[0].sku: No such product.")
	require.Len(t, keys, 2)
}

func TestATokenIsFoundOrItsAbsenceExplained(t *testing.T) {
	t.Setenv("AMENDS_TOKEN", "mine")
	token, err := clerkToken()
	require.NoError(t, err)
	require.Equal(t, "mine", token)
	t.Setenv("AMENDS_TOKEN", "")
	t.Setenv("AMENDS_TOKENS", t.TempDir()+"/none.json")
	_, err = clerkToken()
	require.ErrorContains(t, err, "AMENDS_TOKEN")
}
