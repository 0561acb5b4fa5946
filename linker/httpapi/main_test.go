package httpapi_test

import (
	"os"
	"testing"

	"relink/linker/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
