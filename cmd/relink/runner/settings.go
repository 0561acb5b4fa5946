package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"relink/batch/source"
	"relink/batch/source/remote"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/guard"
)

// Settings are everything that decides what a run does. They are kept with the
// run, and a resumed run takes them from there and never from its own command
// line.
type Settings struct {
	// Layout is what settingsLayout was when the run was made.
	Layout int `json:"layout"`
	// Input is the file. Its path is absolute, so that a run can be resumed
	// from another folder; "-" is standard input, whose copy is in the run's
	// folder. Rules hold the values of --set and --map-value: see InputIn.
	source.Input
	Rules  linker.Rules `json:"rules,omitzero"`
	Guard  guard.Guard  `json:"guard,omitzero"`
	Expect string       `json:"expect,omitempty"`
	// Approved is the dry run whose approved plan is carried out, 0 for none.
	Approved int64 `json:"approved,omitempty"`
	// RequireApproval requires that a role other than the one that writes has
	// approved the plan.
	RequireApproval bool   `json:"requireApproval,omitempty"`
	ReportFormat    string `json:"reportFormat"`
	// ReportCompress is one of folder.Compressions, "" for none.
	ReportCompress string `json:"reportCompress,omitempty"`
	// Expansion is what the rows are made of, nil for those of a file.
	Expansion *Expansion `json:"expansion,omitempty"`
	// Out is where the run's folder is made, absolute.
	Out string `json:"out"`
	// OutGroup may read that folder.
	OutGroup string `json:"outGroup,omitempty"`
	// Retry identifies the origin of the rows when they are those of an earlier
	// run, nil otherwise.
	Retry *Retry `json:"retry,omitempty"`
}

// settingsLayout is raised whenever the meaning of a setting changes: an older
// relink must not continue a run whose settings it would misread. New settings
// need no new number, since an older relink does not know their names.
const settingsLayout = 1

// The names of the copy of an input in a run's folder.
const (
	StdinCopy  = "standard-input"
	remoteCopy = "source"
)

// copyName is the name of the copy of an input that cannot be read twice.
func copyName(path string) string {
	if remote.IsAddress(path) {
		return remoteCopy
	}
	return StdinCopy
}

// NewSettings returns the settings of a run of the given input.
func NewSettings(in source.Input, rules linker.Rules, guard guard.Guard, o flags.OutputOptions) (Settings, error) {
	s := Settings{
		Input: in, Rules: rules, Guard: guard,
		ReportFormat: o.ReportFormat, ReportCompress: o.ReportCompress, OutGroup: o.OutGroup,
	}
	s.Stdin, s.Fetch = nil, nil // what came from there is read from its copy
	s.Rules.Values = in.Values
	if s.Name == "" {
		s.Name = in.Path
	}
	var err error
	if s.Out, err = Absolute(o.Out); err != nil || in.Path == "-" || in.Fetch != nil {
		return s, err
	}
	s.Path, err = Absolute(in.Path)
	return s, err
}

// Absolute returns path as an absolute path, "" for none.
func Absolute(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", path, err)
	}
	return abs, nil
}

// RelativePath returns path relative to the working folder if it is inside it,
// else path: easier to read and copy.
func RelativePath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(here, path)
	if err != nil || !filepath.IsLocal(relative) {
		return path
	}
	return relative
}

// InputIn returns the file of a run whose folder is dir.
func (s Settings) InputIn(dir string) source.Input {
	in := s.Input
	in.Set, in.Values = s.Rules.Set, s.Rules.Values
	if s.Expansion != nil {
		in.Path = filepath.Join(dir, LinksName)
		return in
	}
	if copied := filepath.Join(dir, copyName(s.Path)); s.Path == "-" || IsFile(copied) {
		in.Path = copied
	}
	return in
}

func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// clearNames clears the settings about where files are and how they look.
func (s *Settings) clearNames() {
	s.Path, s.Name, s.Version, s.Out, s.ReportFormat, s.ReportCompress = "", "", "", "", "", ""
}

func (s Settings) encode() (json.RawMessage, error) {
	s.Layout = settingsLayout
	return json.Marshal(s)
}

// readSettings reads the settings of a run. A newer relink may have settings
// that this one does not know: that is an error.
func readSettings(run linker.Run) (s Settings, err error) {
	d := json.NewDecoder(bytes.NewReader(run.Options))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("reading the options of run %d: %w", run.ID, err)
	}
	if s.Layout > settingsLayout {
		return s, fmt.Errorf("reading the options of run %d: their layout is %d, this relink knows %d", run.ID, s.Layout, settingsLayout)
	}
	return s, nil
}

// CallerOf is the organization that a run was limited to, "" for none: for whatever
// goes on with the run, too, nothing of any other exists.
func CallerOf(run linker.Run) (organization string, err error) {
	s, err := readSettings(run)
	return s.Rules.Organization, err
}

// Readable returns what is wrong with an input as a whole, or nil.
func Readable(ctx context.Context, in source.Input) error {
	src, err := source.OpenContext(ctx, in)
	if err != nil {
		return err
	}
	return src.Close()
}

// KeepInput makes an input that can be read only once readable again, by a copy
// in the run's folder. The copy gets its name only when it is complete, so that
// a run is never resumed with half of its input.
func KeepInput(ctx context.Context, in source.Input, dir string) error {
	if IsRegular(in.Path) {
		return nil
	}
	work, err := os.MkdirTemp(dir, ".reading-")
	if err != nil {
		return fmt.Errorf("copying the input: %w", err)
	}
	defer os.RemoveAll(work)
	copied, err := source.Spool(ctx, in, work)
	if err != nil {
		return err
	}
	f, err := os.Open(copied.Path)
	if err != nil {
		return fmt.Errorf("copying the input: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("copying the input: %w", err)
	}
	return os.Rename(copied.Path, filepath.Join(dir, copyName(in.Path)))
}

// IsRegular reports whether reading the file leaves its content in place,
// unlike reading a pipe. For a file that cannot be read at all, opening it
// reports why.
func IsRegular(path string) bool {
	if path == "-" || remote.IsAddress(path) {
		return false
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular() || info.IsDir()
}
