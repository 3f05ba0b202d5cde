package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// host is the only address anything binds to.
const host = "127.0.0.1"

// Random ports are taken from below the range that kernels give to outgoing
// connections, which would otherwise race with a part that starts.
const (
	lowestRandom  = 20000
	highestRandom = 32000
	randomTries   = 1000
)

// FreePorts returns n different ports that nobody listens on.
func FreePorts(n int) ([]int, error) {
	var ports []int
	for range randomTries {
		if len(ports) == n {
			return ports, nil
		}
		listener, err := net.Listen("tcp", address(lowestRandom+rand.IntN(highestRandom-lowestRandom)))
		if err != nil {
			continue
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return nil, fmt.Errorf("find %d free ports: none left between %d and %d", n, lowestRandom, highestRandom)
}

// RandomPorts returns free ports for a whole stack.
func RandomPorts() (Ports, error) {
	free, err := FreePorts(len(portVariables))
	if err != nil {
		return Ports{}, err
	}
	var ports Ports
	for i, v := range portVariables {
		*v.Of(&ports) = free[i]
	}
	return ports, nil
}

// checkPorts names every port that a part needs and somebody else has.
func checkPorts(o *Options) error {
	var taken []error
	for _, v := range portVariables {
		if !o.runs(v.Part) {
			continue
		}
		port := *v.Of(&o.Ports)
		listener, err := net.Listen("tcp", address(port))
		if err != nil {
			taken = append(taken, fmt.Errorf("port %d for %s is taken: free it or choose another with %s", port, v.What, v.Variable))
			continue
		}
		_ = listener.Close()
	}
	return errors.Join(taken...)
}

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
