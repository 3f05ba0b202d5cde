// Package compose holds the test of docker-compose.yml, which is checked here
// without being started.
package compose
