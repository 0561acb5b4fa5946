//go:build !unix

package localpg

import (
	"errors"
	"os"
	"os/exec"
)

// On systems without Unix file locks and users there is no local database.
var errSystem = errors.New("the local database needs Linux, macOS or another Unix")

type owner struct{ drop bool }

func currentOwner() owner { return owner{} }

func (owner) run(*exec.Cmd) {}

func (owner) mkdir(string) error { return errSystem }

func (owner) checkReach(string) error { return errSystem }

func openOurs(string, ...int) (*os.File, error) { return nil, errSystem }
