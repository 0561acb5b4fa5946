//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// nobody is the user that a server of root runs as when there is no user
// postgres: the number that nearly every system gives to "nobody".
const nobody = 65534

// owner is the user that a server runs as and that owns its files. PostgreSQL
// refuses to run as root, so root's servers run as another user.
type owner struct {
	uid, gid int
	drop     bool // whether that is another user than we are
}

func currentOwner() owner {
	if os.Geteuid() != 0 {
		return owner{uid: os.Geteuid(), gid: os.Getegid()}
	}
	o := owner{uid: nobody, gid: nobody, drop: true}
	if u, err := user.Lookup("postgres"); err == nil {
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			o.uid, o.gid = uid, gid
		}
	}
	return o
}

// run makes cmd run as the owner, in a process group of its own: Ctrl-C at the
// terminal is for us, and we decide what becomes of the server.
func (o owner) run(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if o.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
}

// mkdir makes a folder that only the owner may enter, or takes the one that is
// there.
func (o owner) mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	f, err := openOurs(dir, o.uid, os.Geteuid())
	if err != nil {
		return err
	}
	defer f.Close()
	if o.drop {
		if err := f.Chown(o.uid, o.gid); err != nil {
			return err
		}
	}
	return f.Chmod(0o700)
}

// openOurs opens dir, which must be a folder of one of these users and no link.
// In a shared place like /tmp somebody else could have put one there. What is
// then done to the open folder cannot be led to another one, as it could by a
// name that is looked up anew.
func openOurs(dir string, uids ...int) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return nil, notOurs(dir)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || !slices.Contains(uids, int(stat.Uid)) {
			err = notOurs(dir)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func notOurs(dir string) error { return fmt.Errorf("%s is not a folder of ours: remove it", dir) }

// checkReach returns an error that names the folder, dir or one above it, that
// the owner may not enter.
func (o owner) checkReach(dir string) error {
	if !o.drop {
		return nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for {
		info, err := os.Stat(dir)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		if err == nil && !o.mayEnter(info) {
			return fmt.Errorf("the server runs as user id %d, and that user may not enter %s", o.uid, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

func (o owner) mayEnter(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case int(stat.Uid) == o.uid:
		return mode&0o100 != 0
	case int(stat.Gid) == o.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}
