//go:build unix

package send

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes the file for this process, until it is closed or the process
// dies.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrJournalInUse
	}
	return err
}
