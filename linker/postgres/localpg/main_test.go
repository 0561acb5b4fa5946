//go:build unix

package localpg

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
)

// childVariable makes the test binary a process that uses the server in the
// folder which it names, until its standard input ends.
const childVariable = "LOCALPG_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	ctx := context.Background()
	s, err := Start(ctx, Config{Dir: dir, Throwaway: true})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	pid, err := s.PID()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("server", pid)
	io.Copy(io.Discard, os.Stdin)
	stopped, err := s.Leave(ctx)
	fmt.Println("stopped", stopped, err)
	return 0
}
