package localpg

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
)

// MissingError says that there are no server programs to start a local
// database with.
type MissingError struct {
	// Found says what was found and is of no use. May be nil.
	Found error
}

func (e *MissingError) Error() string {
	text := fmt.Sprintf("no PostgreSQL %d to %d server programs on this machine", oldestMajor, newestMajor)
	if e.Found != nil {
		text += fmt.Sprintf(" (%v)", e.Found)
	}
	return text
}

func (e *MissingError) Unwrap() error { return e.Found }

// Hint returns what to do, in the words of the operating system at hand.
func (e *MissingError) Hint() string {
	release, _ := os.ReadFile("/etc/os-release")
	return fmt.Sprintf("install PostgreSQL (%s), name the folder of its server programs in %s, or use another database with --database",
		installCommand(runtime.GOOS, string(release)), BinDirVariable)
}

// installCommands are the commands that install the server programs, by the
// words that the ID and ID_LIKE lines of /etc/os-release hold.
var installCommands = []struct{ system, command string }{
	{"debian|ubuntu", "apt-get install postgresql"},
	{"fedora|rhel|centos|amzn", "dnf install postgresql-server"},
	{"alpine", "apk add postgresql"},
	{"arch", "pacman -S postgresql"},
	{"suse|opensuse", "zypper install postgresql-server"},
}

func installCommand(system, release string) string {
	if system == "darwin" {
		return "brew install postgresql"
	}
	for _, c := range installCommands {
		line := regexp.MustCompile(`(?m)^ID(_LIKE)?=.*\b(` + c.system + `)\b`)
		if line.MatchString(release) {
			return c.command
		}
	}
	return "see https://www.postgresql.org/download/"
}
