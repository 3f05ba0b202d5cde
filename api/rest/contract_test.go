package rest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"amends/api/rest"
	"amends/orders"
)

var contract = sync.OnceValues(func() (*openapi3.T, error) {
	data, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(data)
})

var contractRouter = sync.OnceValues(func() (routers.Router, error) {
	doc, err := contract()
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

func TestTheContractIsValid(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	require.NoError(t, doc.Validate(context.Background()))
}

func TestTheContractAndTheRoutesAreTheSame(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	w := &world{}
	e := echo.New()
	rest.New(rest.Config{}, w, w).Register(e)
	routed := map[string]bool{}
	parameter := regexp.MustCompile(`:([a-z]+)`)
	for _, r := range e.Routes() {
		routed[r.Method+" "+parameter.ReplaceAllString(r.Path, "{$1}")] = true
	}
	require.Equal(t, described, routed)
}

// hold checks an answer against the contract: its status, media type and body must be described.
func hold(t *testing.T, req *http.Request, rec *httptest.ResponseRecorder) {
	t.Helper()
	router, err := contractRouter()
	require.NoError(t, err)
	route, params, err := router.FindRoute(req)
	if err != nil {
		require.GreaterOrEqual(t, rec.Code, 400, "only refusals are answered outside the contract")
		return
	}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") || strings.HasPrefix(rec.Header().Get("Content-Type"), "application/yaml") {
		return
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	require.NoError(t, err, rec.Body.String())
}

func TestTheContractNamesTheValuesThereAre(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	values := func(of *openapi3.SchemaRef) []string {
		var texts []string
		for _, value := range of.Value.Enum {
			texts = append(texts, value.(string))
		}
		return texts
	}
	schemas := doc.Components.Schemas
	require.ElementsMatch(t, orders.RejectReasons, values(schemas["RejectForm"].Value.Properties["reason_code"]))
	for _, form := range []string{"WishForm", "VoidForm"} {
		properties := schemas[form].Value.Properties
		require.ElementsMatch(t, orders.VoidReasons, values(properties["reason_code"]))
		require.ElementsMatch(t, orders.Departments(), values(properties["notify"].Value.Properties["departments"].Value.Items))
	}
	require.Len(t, doc.Components.Schemas["Stage"].Value.Enum, len(orders.Stages()))
}
