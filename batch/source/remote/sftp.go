package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"relink/linker/private"
)

// sshTimeout limits the dial and the SSH handshake.
const sshTimeout = 30 * time.Second

type sftpObject struct {
	name, address, path string
	config              *ssh.ClientConfig
	agent               net.Conn // nil without an agent

	conn   net.Conn // nil while not connected
	client *sftp.Client
}

func newSFTP(_ context.Context, u *url.URL, name string, opt Options) (object, error) {
	if u.Hostname() == "" || u.Path == "" || u.Path == "/" {
		return nil, &Error{Name: name, What: "the address names no file", Do: "write it like sftp://user@host/folder/links.csv"}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	hosts := firstOf(opt.KnownHosts, filepath.Join(home, ".ssh", "known_hosts"))
	check, err := knownhosts.New(hosts)
	if err != nil {
		return nil, &Error{
			Name: name, What: "reading the known hosts", Err: err,
			Do: "connect once with ssh, which asks and writes the file, or name one with --known-hosts",
		}
	}
	o := &sftpObject{
		name: name, path: u.Path,
		address: net.JoinHostPort(u.Hostname(), firstOf(u.Port(), "22")),
	}
	account := u.User.Username()
	if account == "" {
		who, err := user.Current()
		if err != nil {
			return nil, &Error{Name: name, What: "the address names no user", Do: "write it like sftp://user@host/path"}
		}
		account = who.Username
	}
	methods, err := o.keys(home, opt.SFTPKeyFile)
	if err != nil {
		return nil, err
	}
	o.config = &ssh.ClientConfig{User: account, Auth: methods, HostKeyCallback: check, Timeout: sshTimeout}
	// Ask the server for a kind of key that we know: it may have several.
	o.config.HostKeyAlgorithms = knownAlgorithms(check, o.address)
	return o, nil
}

// keys returns the ways to authenticate: only the named key file if there is
// one, else the agent and the usual files.
func (o *sftpObject) keys(home, file string) ([]ssh.AuthMethod, error) {
	if file != "" {
		key, err := readKey(file)
		if err != nil {
			return nil, &Error{Name: o.name, What: "reading the key " + file, Err: err, Do: keyHint(err)}
		}
		return []ssh.AuthMethod{ssh.PublicKeys(key)}, nil
	}
	var methods []ssh.AuthMethod
	if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" {
		if conn, err := net.Dial("unix", socket); err == nil {
			o.agent = conn
			methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
		}
	}
	var keys []ssh.Signer
	for _, usual := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		// A key that cannot be used may not be meant for this server.
		if key, err := readKey(filepath.Join(home, ".ssh", usual)); err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		methods = append(methods, ssh.PublicKeys(keys...))
	}
	if len(methods) == 0 {
		o.close()
		return nil, &Error{
			Name: o.name, What: "there is no key to log in with",
			Do: "start an SSH agent, or name a key file with --sftp-key-file",
		}
	}
	return methods, nil
}

func readKey(path string) (ssh.Signer, error) {
	text, err := private.ReadAll(path)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKey(text)
}

func keyHint(err error) string {
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return "the key has a passphrase: add it to the SSH agent (ssh-add) and leave --sftp-key-file out"
	}
	return "it must be a private key as ssh-keygen makes it"
}

// knownAlgorithms returns the host key algorithms under which the host is
// known, nil when it is unknown. The callback is given a key that cannot be the
// host's, and its error lists the known ones.
func knownAlgorithms(check ssh.HostKeyCallback, address string) []string {
	var e *knownhosts.KeyError
	if err := check(address, &net.TCPAddr{}, noKey{}); !errors.As(err, &e) {
		return nil
	}
	var names []string
	for _, known := range e.Want {
		name := known.Key.Type()
		if name == ssh.KeyAlgoRSA {
			names = append(names, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		}
		names = append(names, name)
	}
	return names
}

// noKey is a public key that no host has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

func (o *sftpObject) connect(ctx context.Context) error {
	if o.client != nil {
		return nil
	}
	d := net.Dialer{Timeout: sshTimeout, KeepAlive: 15 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", o.address)
	if err != nil {
		return &Error{Name: o.name, What: "connecting", Err: err}
	}
	// The library waits for the handshake without a time limit.
	conn.SetDeadline(time.Now().Add(sshTimeout))
	c, channels, requests, err := ssh.NewClientConn(conn, o.address, o.config)
	if err != nil {
		conn.Close()
		return o.judge(err)
	}
	conn.SetDeadline(time.Time{})
	client, err := sftp.NewClient(ssh.NewClient(c, channels, requests))
	if err != nil {
		conn.Close()
		return &Error{Name: o.name, What: "starting SFTP", Err: err}
	}
	o.conn, o.client = conn, client
	return nil
}

// judge converts an error of the handshake.
func (o *sftpObject) judge(err error) error {
	var key *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	e := &Error{Name: o.name, What: "logging in", Err: err}
	switch {
	case errors.As(err, &key) && len(key.Want) == 0:
		e.What, e.Err = "the host is not a known one", nil
		e.Do = "check its key with whoever runs it, then add it to ~/.ssh/known_hosts (ssh-keyscan prints the line)"
	case errors.As(err, &key), errors.As(err, &revoked):
		e.What, e.Err = "the host has another key than the known one", nil
		e.Do = "someone may be listening in; if the server was reinstalled, replace its line in ~/.ssh/known_hosts"
	case isNetwork(err):
		return e
	default:
		e.Do = "check the user in the address, and that the server knows the key (--sftp-key-file or the SSH agent)"
	}
	return final(e)
}

func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (o *sftpObject) stat(ctx context.Context) (Origin, error) {
	if err := o.connect(ctx); err != nil {
		return Origin{}, err
	}
	info, err := o.client.Stat(o.path)
	if err != nil {
		return Origin{}, o.lost(err)
	}
	if info.IsDir() {
		return Origin{}, final(&Error{Name: o.name, What: "this is a folder", Do: "name the file in it"})
	}
	return Origin{Name: o.name, Version: fileVersion(info), Size: info.Size()}, nil
}

func fileVersion(info os.FileInfo) string {
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().Unix())
}

func (o *sftpObject) open(ctx context.Context, version string, offset int64) (io.ReadCloser, int64, error) {
	if err := o.connect(ctx); err != nil {
		return nil, 0, err
	}
	f, err := o.client.Open(o.path)
	if err != nil {
		return nil, 0, o.lost(err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, o.lost(err)
	}
	if fileVersion(info) != version {
		f.Close()
		return nil, 0, changed(o.name)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		f.Close()
		return nil, 0, o.lost(err)
	}
	// A transfer that stalls or must end is ended by closing its connection.
	ctx, cancel := context.WithCancelCause(ctx)
	keep := context.AfterFunc(ctx, o.disconnect(o.conn))
	s := &stalling{body: &sftpBody{File: f, o: o, version: version, keep: keep}, cancel: cancel}
	s.start()
	return s, offset, nil
}

// sftpBody checks at the end whether the file is still the same: a writer that
// replaced its content during the transfer left no trace in the bytes read.
type sftpBody struct {
	*sftp.File
	o       *sftpObject
	version string
	keep    func() bool // cancels the closing of the connection
}

func (b *sftpBody) Close() error {
	b.keep()
	return b.File.Close()
}

func (b *sftpBody) Read(p []byte) (int, error) {
	n, err := b.File.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, b.o.lost(err)
	}
	if errors.Is(err, io.EOF) {
		info, statErr := b.File.Stat()
		switch {
		case statErr != nil:
			return n, b.o.lost(statErr)
		case fileVersion(info) != b.version:
			return n, changed(b.o.name)
		}
	}
	return n, err
}

// lost drops a connection that caused an error, and converts the error.
func (o *sftpObject) lost(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return final(&Error{Name: o.name, What: "there is no such file", Do: "check the path; it begins at the server's root: sftp://user@host/home/user/links.csv"})
	case errors.Is(err, os.ErrPermission):
		return final(&Error{Name: o.name, What: "the server does not let this user read the file"})
	}
	o.disconnect(o.conn)()
	o.conn, o.client = nil, nil
	return &Error{Name: o.name, What: "reading", Err: err}
}

// disconnect returns a function that closes conn, which may be nil.
func (o *sftpObject) disconnect(conn net.Conn) func() {
	return func() {
		if conn != nil {
			conn.Close()
		}
	}
}

func (o *sftpObject) close() error {
	if o.agent != nil {
		o.agent.Close()
	}
	// The connection first: closing the client waits for the server's answer.
	o.disconnect(o.conn)()
	if o.client != nil {
		o.client.Close()
	}
	return nil
}
