package rest

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"time"
)

// contract is the API's description, held to the routes by a test.
//
//go:embed openapi.yaml
var contract []byte

func (s *Server) readContract(c *call) error {
	return c.Blob(http.StatusOK, "application/yaml", contract)
}

type healthBody struct {
	Status   string `json:"status"`
	Database string `json:"database,omitempty"`
	Temporal string `json:"temporal,omitempty"`
}

func (s *Server) alive(c *call) error { return c.health(http.StatusOK, healthBody{Status: "ok"}) }

// healthy is yes only when an order could live: the database migrated and seeded, Temporal there and a worker polling.
func (s *Server) healthy(c *call) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 5*time.Second)
	defer cancel()
	body, status := healthBody{Status: "ok", Database: "ok", Temporal: "ok"}, http.StatusOK
	if err := s.database.Ready(ctx); err != nil {
		slog.Info("not healthy", "part", "database", "error", err)
		body.Database, body.Status, status = "away", "away", http.StatusServiceUnavailable
	}
	if err := s.commands.Healthy(ctx); err != nil {
		slog.Info("not healthy", "part", "temporal", "error", err)
		body.Temporal, body.Status, status = "away", "away", http.StatusServiceUnavailable
	}
	return c.health(status, body)
}

// health answers a probe, which may ask with HEAD for the status alone.
func (c *call) health(status int, body healthBody) error {
	if c.Request().Method == http.MethodHead {
		return c.NoContent(status)
	}
	return c.JSON(status, body)
}
