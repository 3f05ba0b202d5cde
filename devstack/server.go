package main

import (
	"fmt"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// clusterName is what Temporal calls its only cluster here.
const clusterName = "active"

// shards is fixed for the life of the databases; four suit two cores.
const shards = 4

// newServer assembles all services of Temporal in this process. Their
// addresses are static, so no membership ports are needed, and metrics and
// pprof listeners stay off.
func newServer(cfg settings, logger log.Logger) (temporal.Server, error) {
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(cfg)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(map[primitives.ServiceName]static.Hosts{
			primitives.FrontendService: static.SingleLocalHost(cfg.frontend()),
			primitives.HistoryService:  static.SingleLocalHost(address(cfg.HistoryPort)),
			primitives.MatchingService: static.SingleLocalHost(address(cfg.MatchingPort)),
			primitives.WorkerService:   static.SingleLocalHost(address(cfg.WorkerPort)),
		}),
		temporal.WithLogger(logger),
		temporal.WithDynamicConfigClient(dynamicConfig()),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("assemble the Temporal server: %w", err)
	}
	return server, nil
}

func serverConfig(cfg settings) *config.Config {
	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: host},
		},
		Persistence: config.Persistence{
			DefaultStore:     databaseMain,
			VisibilityStore:  databaseVisibility,
			NumHistoryShards: shards,
			DataStores: map[string]config.DataStore{
				databaseMain:       {SQL: cfg.sql(databaseMain)},
				databaseVisibility: {SQL: cfg.sql(databaseVisibility)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: cfg.frontend()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			string(primitives.FrontendService): service(cfg.FrontendPort),
			string(primitives.HistoryService):  service(cfg.HistoryPort),
			string(primitives.MatchingService): service(cfg.MatchingPort),
			string(primitives.WorkerService):   service(cfg.WorkerPort),
		},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		PublicClient: config.PublicClient{HostPort: cfg.frontend()},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
}

func service(port int) config.Service {
	return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: host}}
}

// dynamicConfig differs from the server's defaults where one process on one
// machine wants it to: rate limits out of the way, one task queue partition,
// search attributes seen at once, no call home. The limits that order
// workflows must respect, such as updates in flight, stay as in production.
func dynamicConfig() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.MakeKey("system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"): 2,
		dynamicconfig.MakeKey("system.forceSearchAttributesCacheRefreshOnRead"):                    true,
		dynamicconfig.MakeKey("system.namespaceCacheRefreshInterval"):                              time.Second,
		dynamicconfig.MakeKey("frontend.enableServerVersionCheck"):                                 false,
		dynamicconfig.MakeKey("frontend.rps"):                                                      100_000,
		dynamicconfig.MakeKey("frontend.namespaceRPS"):                                             100_000,
		dynamicconfig.MakeKey("frontend.namespaceRPS.visibility"):                                  1_000,
		dynamicconfig.MakeKey("frontend.persistenceMaxQPS"):                                        100_000,
		dynamicconfig.MakeKey("history.persistenceMaxQPS"):                                         100_000,
		dynamicconfig.MakeKey("matching.persistenceMaxQPS"):                                        100_000,
		dynamicconfig.MakeKey("matching.numTaskqueueReadPartitions"):                               1,
		dynamicconfig.MakeKey("matching.numTaskqueueWritePartitions"):                              1,
	}
}

func newLogger(level string) log.Logger {
	return log.NewZapLogger(log.BuildZapLogger(log.Config{Stdout: true, Level: level}))
}

// startUI serves the Web UI in the background. A port it cannot have ends
// the process with a message.
func startUI(cfg settings) *uiserver.Server {
	ui := uiserver.NewServer(server_options.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: cfg.frontend(),
		Host:                host,
		Port:                cfg.UIPort,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true},
	}))
	go func() { _ = ui.Start() }()
	return ui
}
