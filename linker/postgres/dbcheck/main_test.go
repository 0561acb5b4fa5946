package dbcheck_test

import (
	"os"
	"testing"

	"relink/linker/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The helpers of pgtest, under short names.
var (
	connect      = pgtest.Connect
	exec         = pgtest.Exec
	newRole      = pgtest.NewRole
	as           = pgtest.As
	wantFindings = pgtest.WantFindings
)
