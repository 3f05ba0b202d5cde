package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	namespace = "default"
	// retention is how long closed workflows stay readable.
	retention = 7 * 24 * time.Hour
	// readyWithin bounds the wait for a server that has been started.
	readyWithin = time.Minute
	pollEvery   = 50 * time.Millisecond
)

// searchAttributes are what order workflows set, so that the Web UI's list
// can say which need attention, why and since when.
var searchAttributes = map[string]enums.IndexedValueType{
	"OrderStage":     enums.INDEXED_VALUE_TYPE_KEYWORD,
	"OrderCustomer":  enums.INDEXED_VALUE_TYPE_KEYWORD,
	"BlockedStep":    enums.INDEXED_VALUE_TYPE_KEYWORD,
	"BlockedReason":  enums.INDEXED_VALUE_TYPE_KEYWORD,
	"AssignedTo":     enums.INDEXED_VALUE_TYPE_KEYWORD,
	"OrderFlag":      enums.INDEXED_VALUE_TYPE_KEYWORD_LIST,
	"NeedsAttention": enums.INDEXED_VALUE_TYPE_BOOL,
	"StageDeadline":  enums.INDEXED_VALUE_TYPE_DATETIME,
	"BlockedSince":   enums.INDEXED_VALUE_TYPE_DATETIME,
	"OrderAmount":    enums.INDEXED_VALUE_TYPE_INT,
}

// ensureNamespace registers the namespace and its search attributes where
// they are missing, and returns when the server answers for both.
func ensureNamespace(ctx context.Context, cfg settings) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	conn, err := grpc.NewClient(cfg.frontend(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to the frontend: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := registerNamespace(ctx, workflowservice.NewWorkflowServiceClient(conn)); err != nil {
		return err
	}
	return addSearchAttributes(ctx, operatorservice.NewOperatorServiceClient(conn))
}

func registerNamespace(ctx context.Context, client workflowservice.WorkflowServiceClient) error {
	return eventually(ctx, "register the namespace", func() (bool, error) {
		_, err := client.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
		if status.Code(err) != codes.NotFound {
			return err == nil, err
		}
		_, err = client.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        namespace,
			Description:                      "Amends, development and tests",
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		return err == nil || status.Code(err) == codes.AlreadyExists, err
	})
}

func addSearchAttributes(ctx context.Context, client operatorservice.OperatorServiceClient) error {
	return eventually(ctx, "register the search attributes", func() (bool, error) {
		listed, err := client.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
		if err != nil {
			return false, err
		}
		missing := map[string]enums.IndexedValueType{}
		for name, kind := range searchAttributes {
			if _, ok := listed.CustomAttributes[name]; !ok {
				missing[name] = kind
			}
		}
		if len(missing) == 0 {
			return true, nil
		}
		_, err = client.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: namespace, SearchAttributes: missing,
		})
		return false, err
	})
}

// eventually repeats try until it is done or ctx ends, and then reports the
// last error. A server that has just been started refuses for a moment.
func eventually(ctx context.Context, what string, try func() (bool, error)) error {
	var last error
	for {
		done, err := try()
		if done {
			return nil
		}
		var invalid *serviceerror.InvalidArgument
		if errors.As(serviceerror.FromStatus(status.Convert(err)), &invalid) {
			return fmt.Errorf("%s: %w", what, err)
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, errors.Join(ctx.Err(), last))
		case <-time.After(pollEvery):
		}
	}
}
