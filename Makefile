# Amends. `make` or `make help` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

MODULES  := . devstack tools tools/mailpit
DATA     := $(or $(AMENDS_DATA_DIR),.amends)
# The race detector needs a C compiler; without one the tests run without it.
RACE     := $(if $(shell command -v $$(go env CC)),-race)

# heartbeat runs a command that may be silent for minutes.
define heartbeat
	@echo "$(1)"; \
	( while sleep 15 >/dev/null 2>&1; do echo "  still compiling, $$((SECONDS / 60)) min $$((SECONDS % 60)) s"; done ) & \
	beat=$$!; trap "kill $$beat 2>/dev/null" EXIT; \
	$(2)
endef

##@ Run

.PHONY: up
up: build ## Start everything on this machine, print the URLs; Ctrl-C stops it
	@exec bin/starter up

.PHONY: down
down: bin/starter ## Stop a running `make up`, keep its data
	@bin/starter down

.PHONY: clean
clean: bin/starter ## Remove all data of the stopped stack and the binaries
	@bin/starter clean
	@rm -rf bin

##@ Check

.PHONY: test
test: build race bin/testsum ## Run all tests on free ports, with the race detector where there is a C compiler
	@$(if $(RACE),,echo "no C compiler: the tests run without the race detector")
	@AMENDS_BIN="$(CURDIR)/bin/race" go test $(RACE) -json -timeout 30m ./... | bin/testsum

# The race detector would make hundreds of orders at once too slow: these binaries can only be stopped at named points.
.PHONY: test-long
test-long: build bin/testsum ## Run the proofs that take minutes: hundreds of orders, exact counts
	@mkdir -p bin/long
	@go build -tags failpoints -o bin/long/ ./api ./worker ./sandbox ./starter
	@ln -sf ../devstack ../mailpit bin/long/
	@AMENDS_BIN="$(CURDIR)/bin/long" go test -tags long -run '^TestProof' -json -timeout 30m -p 1 ./orders ./internal/e2e | bin/testsum -logs

.PHONY: lint
lint: bin/golangci-lint bin/gofumpt bin/workflowcheck ## Run golangci-lint, workflowcheck and gofumpt
	@bin/golangci-lint run --build-tags long ./...
	@if [ -d workflows ]; then bin/workflowcheck -config .workflowcheck.yaml ./workflows; fi
	@unformatted=$$(bin/gofumpt -l $$(find . -name '*.go' -not -path './.amends/*')); \
	if [ -n "$$unformatted" ]; then echo "gofumpt would change:"; echo "$$unformatted"; exit 1; fi

.PHONY: invariants
invariants: bin/starter ## Ask the running stack's database the questions that must have no answer
	@[ -f $(DATA)/env ] || { echo "no stack was started on $(DATA): make up"; exit 1; }
	@set -a; . $(DATA)/env; set +a; bin/starter invariants

.PHONY: bench
bench: build ## Measure whole lives of orders on a stack of its own; at most 10 minutes
	@bin/starter bench

##@ Build

.PHONY: build
build: bin/devstack bin/mailpit ## Compile everything into bin/
	@mkdir -p bin
	@go build -o bin/ ./api ./worker ./sandbox ./starter

.PHONY: bin/starter
bin/starter:
	@mkdir -p bin
	@go build -o bin/ ./starter

# The tests drive binaries that watch for races themselves, and that can be stopped at named points.
.PHONY: race
race: bin/devstack bin/mailpit
	@mkdir -p bin/race
	@go build $(RACE) -tags failpoints -o bin/race/ ./api ./worker ./sandbox ./starter
	@ln -sf ../devstack ../mailpit bin/race/

bin/devstack: $(wildcard devstack/*.go) devstack/go.mod devstack/go.sum
	@mkdir -p bin
	$(call heartbeat,compiling the embedded Temporal server - the first time this takes minutes,cd devstack && go build -o ../bin/devstack . && touch ../bin/devstack)

bin/mailpit: tools/mailpit/go.mod tools/mailpit/go.sum
	@mkdir -p bin
	$(call heartbeat,compiling the mail catcher,cd tools/mailpit && go build -o ../../bin/mailpit github.com/axllent/mailpit && touch ../../bin/mailpit)

bin/golangci-lint: tools/go.mod tools/go.sum
	@mkdir -p bin
	$(call heartbeat,compiling golangci-lint,cd tools && go build -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint && touch ../bin/golangci-lint)

bin/gofumpt: tools/go.mod tools/go.sum
	@mkdir -p bin
	@cd tools && go build -o ../bin/gofumpt mvdan.cc/gofumpt && touch ../bin/gofumpt

bin/workflowcheck: tools/go.mod tools/go.sum
	@mkdir -p bin
	@cd tools && go build -o ../bin/workflowcheck go.temporal.io/sdk/contrib/tools/workflowcheck && touch ../bin/workflowcheck

bin/testsum: tools/testsum/main.go
	@mkdir -p bin
	@cd tools && go build -o ../bin/testsum ./testsum && touch ../bin/testsum

.PHONY: format
format: bin/gofumpt ## Format all Go files
	@bin/gofumpt -w $$(find . -name '*.go' -not -path './.amends/*')

.PHONY: tidy
tidy: ## Tidy the go.mod of every module
	@for module in $(MODULES); do (cd $$module && go mod tidy); done

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Variables (make up, make down, make clean)"
	@echo "  AMENDS_API_PORT          8080     API and console"
	@echo "  AMENDS_TEMPORAL_PORT     7233     Temporal's frontend"
	@echo "  AMENDS_TEMPORAL_UI_PORT  8233     Temporal's Web UI"
	@echo "  AMENDS_SANDBOX_PORT      8090     the outside world: payments, carrier, supplier, SMS"
	@echo "  AMENDS_SMTP_PORT         1025     the mail catcher's SMTP"
	@echo "  AMENDS_MAIL_PORT         8025     the mail catcher's page"
	@echo "  AMENDS_POSTGRES_PORT     54320    the private Postgres"
	@echo "  AMENDS_DATA_DIR          .amends  everything that outlives a start"
	@echo "  AMENDS_PG_BIN                     the folder with initdb and postgres"
	@echo "  AMENDS_POSTGRES_URL               an existing Postgres, with the right to create roles and databases"
	@echo "  TEMPORAL_ADDRESS                  an existing Temporal server; other TEMPORAL_* variables reach it too"
	@echo "  AMENDS_TEMPORAL_UI_URL            that server's Web UI"
	@echo
	@echo "The stack gives its processes (file $(DATA)/env)"
	@echo "  AMENDS_DATABASE_URL, AMENDS_HTTP_ADDR, AMENDS_PUBLIC_URL, AMENDS_TEMPORAL_UI_URL, AMENDS_SMTP_ADDR,"
	@echo "  AMENDS_WEBHOOK_SECRET, AMENDS_PAYMENTS_URL, AMENDS_CARRIER_URL, AMENDS_SUPPLIER_URL, AMENDS_SMS_URL,"
	@echo "  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE; the migration AMENDS_OWNER_DATABASE_URL;"
	@echo "  the sandbox AMENDS_SANDBOX_ADDR, AMENDS_SANDBOX_DATABASE_URL, AMENDS_SANDBOX_SEED, AMENDS_WEBHOOK_URL"
