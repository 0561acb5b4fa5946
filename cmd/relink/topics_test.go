package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/help"
	"relink/linker"
	"relink/linker/explain"
)

// TestGoldenTopics keeps the tables of the topic report equal to what the
// program prints: make golden writes them.
func TestGoldenTopics(t *testing.T) {
	t.Parallel()
	const path = "help/report.md"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(content)

	var codes strings.Builder
	codes.WriteString("| code | meaning | what to do |\n|---|---|---|\n")
	for _, code := range explain.Codes() {
		e, ok := explain.Explain(code)
		if !ok {
			t.Errorf("code %q has no explanation", code)
		}
		fmt.Fprintf(&codes, "| `%s` | %s | %s |\n", code, e.Meaning, e.Do)
	}
	var exits strings.Builder
	exits.WriteString("| status | meaning |\n|---|---|\n")
	for s := range linker.ExitStatus(256) {
		if s.Help() != "" {
			fmt.Fprintf(&exits, "| %d | %s |\n", s, s.Help())
		}
	}
	got := section(t, section(t, want, "codes", codes.String()), "exits", exits.String())
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-is +should be, make golden writes it):\n%s", path, diff)
	}
}

// section replaces the text between the two marks of that name.
func section(t *testing.T, text, name, with string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- "+name+": written by make golden -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end of "+name+" -->")
	if !ok || !ended {
		t.Fatalf("there is no section %q", name)
	}
	return before + "<!-- " + name + ": written by make golden -->\n" + with + "<!-- end of " + name + " -->" + after
}

// documents are the pages that show commands, by name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{"README.md": read(t, filepath.Join(root, "README.md"))}
	for _, topic := range help.Topics() {
		pages["help "+topic.Name] = topic.Markdown
	}
	return pages
}

func TestHelpListsAndFindsTopics(t *testing.T) {
	t.Parallel()
	list := call(t, nil, "", "help")
	if list.status != 0 || !strings.Contains(list.stdout, "Exit status") && !strings.Contains(list.stdout, "Links:") {
		t.Errorf("relink help exits %d and prints\n%s", list.status, list.stdout)
	}
	for _, topic := range help.Topics() {
		if !strings.Contains(list.stdout, "\n  "+topic.Name+" ") {
			t.Errorf("relink help does not list %s", topic.Name)
		}
		page := call(t, nil, "", "help", topic.Name)
		if page.status != 0 || page.stderr != "" || !strings.HasPrefix(page.stdout, topic.Title+"\n") {
			t.Errorf("relink help %s exits %d and prints\n%s%s", topic.Name, page.status, page.stdout, page.stderr)
		}
	}
	for _, c := range []struct{ args, stdout, stderr string }{
		{args: "help report", stdout: `"relink report --help" describes the command of this name.`},
		{args: "help import", stdout: "Exit status:"},
		{args: "help runs show", stdout: "relink runs show RUN"},
		{args: "help nigthly", stderr: "did you mean relink help nightly?"},
		{args: "help imprt", stderr: "did you mean relink help import?"},
		{args: "help runs shw", stderr: `there is no command or topic "runs shw"`},
		{args: "help nightly more", stderr: `there is no command or topic "nightly more"`},
		{args: "help zzzzzzzzzzzz", stderr: "relink help lists commands and topics"},
	} {
		got := call(t, nil, "", strings.Fields(c.args)...)
		if wantFailure := c.stderr != ""; wantFailure != (got.status == exit.Error) ||
			!strings.Contains(got.stdout, c.stdout) || !strings.Contains(got.stderr, c.stderr) {
			t.Errorf("relink %s exits %d and prints\n%s%s", c.args, got.status, got.stdout, got.stderr)
		}
	}
}

// TestCommandsInDocumentsAreMeant parses every command line of relink that the
// README and the topics show, in code blocks and in the text, and looks for
// every flag and topic that they name.
func TestCommandsInDocumentsAreMeant(t *testing.T) {
	t.Parallel()
	a := &commands{app.New(nil, strings.NewReader(""), io.Discard, io.Discard)}
	flags := map[string]bool{}
	visit(a.root(), func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		for _, set := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
		}
	})
	found := 0
	for name, page := range documents(t) {
		for _, line := range commandLines(page) {
			found++
			if fault := a.parses(line); fault != "" {
				t.Errorf("%s: %s\n%s", name, line, fault)
			}
		}
		for _, m := range regexp.MustCompile("`--([a-z][a-z-]*)").FindAllStringSubmatch(page, -1) {
			if !flags[m[1]] {
				t.Errorf("%s: no command has the flag --%s", name, m[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("found %d commands only", found)
	}
}

// commandLines finds the command lines of relink in a page: in the text those
// between backticks, in code those that a line or a unit runs.
func commandLines(page string) (lines []string) {
	block := regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	for _, m := range block.FindAllStringSubmatch(page, -1) {
		code := regexp.MustCompile(`\\\n>? *`).ReplaceAllString(m[1], "")
		for _, line := range strings.Split(code, "\n") {
			if at := regexp.MustCompile(`(^|^\$ |^ExecStart=/usr/local/bin/|timeout \w+ )(relink .*)`).FindStringSubmatch(line); at != nil {
				lines = append(lines, strings.ReplaceAll(at[2], "%%", "%"))
			}
		}
		if strings.Contains(code, "command: [relink, ") {
			line := "relink " + regexp.MustCompile(`command: \[relink, (\w+)\]`).FindStringSubmatch(code)[1]
			for _, arg := range regexp.MustCompile(`(?m)^ +- (--\S+|/data/\S+)$`).FindAllStringSubmatch(code, -1) {
				line += " " + arg[1]
			}
			lines = append(lines, line)
		}
	}
	for _, m := range regexp.MustCompile("`(relink [a-z][^`]*)`").FindAllStringSubmatch(block.ReplaceAllString(page, ""), -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// parses returns what is wrong with a command line, "" for nothing. Words in
// capitals stand for a value; a command may be named without its arguments.
func (a *commands) parses(line string) string {
	line, _, _ = strings.Cut(line, " #")
	line = regexp.MustCompile(`(;| [>|&]).*`).ReplaceAllString(line, "")
	line = strings.NewReplacer(" N", " 1", "TRIGGER,…", "USER_LINK_WEB").Replace(line)
	args := shellWords(line)[1:]
	root := a.root()
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(args)
	switch {
	case err != nil:
		return err.Error()
	case cmd == root:
		return "this names no command"
	case cmd.Name() == "help":
		if len(rest) == 1 && rest[0] != "TOPIC" {
			if _, ok := help.Find(rest[0]); !ok && nameless(root, rest[0]) {
				return "there is no topic or command " + rest[0]
			}
		}
		return ""
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err.Error()
	}
	if cmd.HasAvailableSubCommands() && cmd.Flags().NArg() > 0 {
		return "unknown command " + cmd.Flags().Arg(0)
	}
	if cmd.Args == nil || cmd.Flags().NArg() == 0 {
		return ""
	}
	if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
		return err.Error()
	}
	return ""
}

func nameless(root *cobra.Command, name string) bool {
	_, _, err := root.Find([]string{name})
	return err != nil
}

// shellWords splits a command line as a shell does, single quotes included.
func shellWords(line string) (words []string) {
	for _, m := range regexp.MustCompile(`(?:'[^']*'|\S)+`).FindAllString(line, -1) {
		words = append(words, strings.ReplaceAll(m, "'", ""))
	}
	return words
}

// TestTopicNightlyKnowsTheMetrics compares the metrics that the topic lists and
// alarms on with those that runs write.
func TestTopicNightlyKnowsTheMetrics(t *testing.T) {
	t.Parallel()
	page, _ := help.Find("nightly")
	name := regexp.MustCompile(`relink_last_[a-z_]+`)
	source := read(t, filepath.Join(root, "reports/metrics.go"))
	for _, m := range name.FindAllString(source, -1) {
		if !strings.Contains(page.Markdown, "| `"+m) {
			t.Errorf("the topic does not list %s", m)
		}
	}
	for _, m := range name.FindAllString(page.Markdown, -1) {
		if !strings.Contains(source, m) {
			t.Errorf("no run writes %s", m)
		}
	}
}

// TestLinksInDocumentsLead follows every link to a file of this repository.
func TestLinksInDocumentsLead(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(root, ".github/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(read(t, page), -1) {
			found++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if found < len(help.Names()) {
		t.Errorf("found %d links only", found)
	}
}

// TestSessionsInDocuments runs every console block of the README and the topics
// with a shell and compares what it prints, blanks and line breaks aside.
func TestSessionsInDocuments(t *testing.T) {
	t.Parallel()
	sessions := 0
	for name, page := range documents(t) {
		for i, m := range regexp.MustCompile("(?ms)^```console\n(.*?)^```").FindAllStringSubmatch(page, -1) {
			sessions++
			t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) {
				t.Parallel()
				playSession(t, m[1])
			})
		}
	}
	if sessions == 0 {
		t.Error("there are no sessions")
	}
}

// playSession runs the commands after "$ " one by one in a shell. A background
// command has sessionPatience to print its expected output.
func playSession(t *testing.T, text string) {
	address := freeAddress(t)
	text = strings.ReplaceAll(text, "127.0.0.1:8080", address)
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} { // for the user that root's server runs as
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("bash")
	shell.Dir = dir
	shell.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_DATA_HOME=" + dir,
		"RELINK_LISTEN=" + address, "RELINK_PG_BIN=" + os.Getenv("RELINK_PG_BIN"),
	}
	shell.Stdout, shell.Stderr = input, input
	commands, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	input.Close()
	t.Cleanup(func() {
		fmt.Fprintln(commands, "kill $(jobs -p) 2>/dev/null; wait")
		commands.Close()
		if err := shell.Wait(); err != nil {
			t.Logf("the shell ended with %v", err)
		}
	})
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(output); s.Scan(); {
			lines <- s.Text()
		}
	}()
	for _, step := range strings.Split("\n"+text, "\n$ ")[1:] {
		command, want, _ := strings.Cut(step, "\n")
		for strings.HasPrefix(want, "> ") {
			var more string
			more, want, _ = strings.Cut(want[2:], "\n")
			command += "\n" + more
		}
		const end = "=end of a step="
		fmt.Fprintf(commands, "%s\necho; echo %s\n", command, end)
		got := ""
		deadline := time.After(sessionPatience)
		for ended := false; !ended || squeezed(got) != squeezed(want); {
			select {
			case line, ok := <-lines:
				if !ok {
					t.Fatalf("$ %s\nthe shell is gone after\n%s", command, got)
				}
				switch {
				case line == end:
					ended = true
				case !strings.HasPrefix(line, "time="): // the log of relink serve
					got += line + "\n"
				}
				if !ended || strings.HasSuffix(command, "&") {
					continue
				}
				if squeezed(got) != squeezed(want) {
					t.Fatalf("$ %s\nprints\n%s\nwant\n%s", command, got, want)
				}
			case <-deadline:
				t.Fatalf("$ %s\nprints\n%s\nwant\n%s", command, got, want)
			}
		}
	}
}

// sessionPatience is for the slowest command of a session, relink demo on a
// busy machine.
const sessionPatience = 2 * time.Minute

// squeezed is text without its blanks and line breaks: pages break long lines.
func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

// freeAddress returns an unused address of this machine.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
