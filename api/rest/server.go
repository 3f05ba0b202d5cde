package rest

import (
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"amends/api/intake"
)

const (
	maxBody = 256 << 10
	// Rate limits are there for programs that went wrong, not for busy people.
	requestsPerSecond = 500
	burst             = 1000
)

// Config is what the API needs to know about its surroundings.
type Config struct {
	PublicURL     string // what links to the API begin with
	TemporalUIURL string // what links to the Web UI begin with
	Namespace     string // of Temporal
	WebhookSecret string
	Clock         func() time.Time // time.Now where nothing is said
}

// Server answers the JSON API.
type Server struct {
	config   Config
	commands Commands
	database Database
	intake   *intake.Reader
	metrics  *metrics
	limits   limits
}

// New returns a server that is not routed yet, see Register.
func New(config Config, commands Commands, database Database) *Server {
	if config.Clock == nil {
		config.Clock = time.Now
	}
	return &Server{
		config: config, commands: commands, database: database, metrics: newMetrics(),
		intake: intake.NewReader(database, config.Clock),
		limits: limits{perActor: map[string]*rate.Limiter{}},
	}
}

// Handler returns the whole HTTP surface: the API and what operators ask.
func (s *Server) Handler() http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.answerError
	e.Use(s.identify, s.observe, s.secure, s.recoverPanics)
	s.Register(e)
	return e
}

// Register adds all routes.
func (s *Server) Register(e *echo.Echo) {
	for _, r := range s.routes() {
		e.Add(r.method, r.path, s.wrap(r))
	}
}

// limits holds one limiter per actor. There are as many as there are staff.
type limits struct {
	sync.Mutex
	perActor map[string]*rate.Limiter
}

func (l *limits) allow(actor string) bool {
	l.Lock()
	limiter, ok := l.perActor[actor]
	if !ok {
		limiter = rate.NewLimiter(requestsPerSecond, burst)
		l.perActor[actor] = limiter
	}
	l.Unlock()
	return limiter.Allow()
}
