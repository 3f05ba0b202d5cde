package stack

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Process returns a part's process, nil when the stack does not run it.
func (s *Stack) Process(part Part) *Process { return s.processes[part] }

// StartPart starts one part and returns when it answers: at the first start,
// or after StopPart or KillPart.
func (s *Stack) StartPart(ctx context.Context, part Part) error {
	p, err := s.known(part)
	if err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	return s.AwaitPart(ctx, part)
}

// AwaitPart returns when a running part answers. A worker has nothing to ask;
// it is ready when the API, where there is one, says that a worker polls.
func (s *Stack) AwaitPart(ctx context.Context, part Part) error {
	p, err := s.known(part)
	if err != nil {
		return err
	}
	if condition := s.ready(part); condition != nil {
		return await(ctx, string(part), p, condition)
	}
	return nil
}

func (s *Stack) ready(part Part) func(context.Context) error {
	switch part {
	case Postgres:
		return s.cluster.check
	case Temporal:
		return httpOK("http://" + address(s.options.Ports.TemporalUI) + "/healthz")
	case Mail:
		return httpOK(s.MailURL() + "/readyz")
	case Sandbox:
		return httpOK(s.SandboxURL() + "/healthz")
	case API:
		if s.options.runs(Worker) && s.processes[Worker].Running() {
			return httpOK(s.APIURL() + "/healthz")
		}
		return httpOK(s.APIURL() + "/livez")
	default:
		return nil
	}
}

// StopPart ends one part cleanly.
func (s *Stack) StopPart(part Part) error {
	p, err := s.known(part)
	if err != nil {
		return err
	}
	return p.Stop()
}

// KillPart ends one part as kill -9 does, with every process it started.
func (s *Stack) KillPart(part Part) error {
	p, err := s.known(part)
	if err != nil {
		return err
	}
	p.Kill()
	return nil
}

// RestartPart kills one part and starts it again.
func (s *Stack) RestartPart(ctx context.Context, part Part) error {
	if err := s.KillPart(part); err != nil {
		return err
	}
	return s.StartPart(ctx, part)
}

// Wait returns nil when ctx ends, and an error with the end of its log when a
// part ends that nobody stopped.
func (s *Stack) Wait(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, len(s.processes))
	for _, p := range s.processes {
		go func() {
			select {
			case <-p.Done():
				failed <- p.Unasked()
			case <-ctx.Done():
			}
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (s *Stack) known(part Part) (*Process, error) {
	if p := s.processes[part]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("this stack does not run %s", part)
}

// together runs all functions side by side, cancels the others' context when
// one fails, and returns the errors that are not just that cancellation.
func together(ctx context.Context, functions ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, function := range functions {
		wait.Go(func() {
			err := function(ctx)
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if len(errs) == 0 || !errors.Is(err, context.Canceled) {
				errs = append(errs, err)
			}
			cancel(err)
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
