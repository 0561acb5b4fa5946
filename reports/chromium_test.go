package reports_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium, controlled through its own protocol over two
// pipes, without a driver or a port.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	last    int
	session string
	// complaints are what the page wrote to the console, exceptions and
	// entries of the browser's log.
	complaints []string
	loaded     bool
	requests   []string
}

// openBrowser starts Chromium with one empty page.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium on this machine; install it: apt-get update && apt-get install -y chromium")
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile := t.TempDir()
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	cmd.Env = append(os.Environ(), "TMPDIR="+profile)
	cmd.ExtraFiles = []*os.File{childIn, childOut} // 3 and 4, where the pipe is expected
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	childIn.Close()
	childOut.Close()
	watchdog := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	b := &browser{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	t.Cleanup(func() {
		fmt.Fprint(in, `{"id":0,"method":"Browser.close"}`, "\x00")
		in.Close()
		io.Copy(io.Discard, out) // until the last of its processes has ended
		cmd.Wait()
		watchdog.Stop()
		out.Close()
	})

	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})
	attached := b.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})
	b.session = attached["sessionId"].(string)
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil)
	}
	return b
}

// call sends a command and returns its result; it records events that arrive in
// between.
func (b *browser) call(method string, params map[string]any) map[string]any {
	b.t.Helper()
	b.last++
	id := b.last
	m := map[string]any{"id": id, "method": method, "params": params}
	if params == nil {
		m["params"] = map[string]any{}
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	text, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(text, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		if r := b.read(method); r.ID == id {
			if r.Error != nil {
				b.t.Fatalf("%s: %s", method, r.Error.Message)
			}
			return r.Result
		}
	}
}

type message struct {
	ID     int
	Method string
	Params map[string]any
	Result map[string]any
	Error  *struct{ Message string }
}

func (b *browser) read(doing string) message {
	b.t.Helper()
	text, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("%s: Chromium went away: %v", doing, err)
	}
	var m message
	if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	switch m.Method {
	case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
		b.complaints = append(b.complaints, fmt.Sprint(m.Method, " ", m.Params))
	case "Network.requestWillBeSent":
		b.requests = append(b.requests, fmt.Sprint(m.Params["request"].(map[string]any)["url"]))
	case "Page.loadEventFired":
		b.loaded = true
	}
	return m
}

// open shows a page.
func (b *browser) open(path string) {
	b.t.Helper()
	b.loaded = false
	b.call("Page.navigate", map[string]any{"url": "file://" + path})
	for !b.loaded {
		b.read("loading " + path)
	}
}

// eval is the value of an expression in the page, as JSON.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	r := b.call("Runtime.evaluate", map[string]any{"expression": "JSON.stringify(" + expression + ")", "returnByValue": true})
	if r["exceptionDetails"] != nil {
		b.t.Fatalf("%s: %v", expression, r["exceptionDetails"])
	}
	value, _ := r["result"].(map[string]any)["value"].(string)
	return value
}

func (b *browser) media(scheme, media string, columns int) {
	b.t.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{
		"media": media, "features": []map[string]any{{"name": "prefers-color-scheme", "value": scheme}},
	})
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": columns, "height": 900, "deviceScaleFactor": 1, "mobile": columns < 500,
	})
}

// screenshot takes a picture of the page, as far down as a reader looks.
func (b *browser) screenshot(path string, columns int) {
	b.t.Helper()
	most := "3000" // each pixel costs time
	if os.Getenv("RELINK_SCREENSHOTS") != "" {
		most = "16000"
	}
	var height float64
	if err := json.Unmarshal([]byte(b.eval(`Math.min(`+most+`, document.documentElement.scrollHeight)`)), &height); err != nil {
		b.t.Fatal(err)
	}
	r := b.call("Page.captureScreenshot", map[string]any{
		"format": "png", "captureBeyondViewport": true, "optimizeForSpeed": true,
		"clip": map[string]any{"x": 0, "y": 0, "width": columns, "height": height, "scale": 1},
	})
	raw, err := base64.StdEncoding.DecodeString(r["data"].(string))
	if err != nil {
		b.t.Fatal(err)
	}
	if len(raw) < 5000 {
		b.t.Errorf("%s has %d bytes: an empty page", path, len(raw))
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// shots returns the folder for pictures: RELINK_SCREENSHOTS to keep them, else
// a folder that is removed.
func shots(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("RELINK_SCREENSHOTS")
	if dir == "" {
		return t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestHTMLInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	dir := shots(t)
	// Escaping alone must be enough: the policy that forbids scripts is a
	// second line of defence, and the hostile page is opened without it too.
	for _, tc := range []struct {
		name   string
		page   string
		bypass bool
	}{
		{"small", html(t, smallPage()), false},
		{"large", html(t, largePage()), false},
		{"hostile", html(t, hostilePage()), false},
		{"hostile, policy off", html(t, hostilePage()), true},
	} {
		path := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(path, []byte(tc.page), 0o644); err != nil {
			t.Fatal(err)
		}
		b.call("Page.setBypassCSP", map[string]any{"enabled": tc.bypass})
		b.complaints, b.requests = nil, nil
		b.media("light", "screen", 1100)
		b.open(path)
		if len(b.complaints) > 0 {
			t.Errorf("%s: the browser complains: %s", tc.name, b.complaints)
		}
		for _, url := range b.requests {
			if url != "file://"+path && url != "data:," {
				t.Errorf("%s: the page asks for %s", tc.name, url)
			}
		}
		for _, want := range [][2]string{
			{`typeof window.owned`, `"undefined"`},
			{`document.querySelectorAll("script, img, iframe, object, embed, form, input, base, [onload], [onerror], [onmouseover], [onfocus], [autofocus]").length`, `0`},
			{`[...document.querySelectorAll("a")].filter(a => !/^(#|[.][/])/.test(a.getAttribute("href"))).length`, `0`},
			{`document.querySelectorAll("h1").length`, `1`},
			{`[...document.querySelectorAll("table")].filter(t => !t.caption || !t.querySelector("th[scope=col]")).length`, `0`},
			{`[...document.querySelectorAll("[id]")].length === new Set([...document.querySelectorAll("[id]")].map(e => e.id)).size`, `true`},
		} {
			if got := b.eval(want[0]); got != want[1] {
				t.Errorf("%s: %s = %s, want %s", tc.name, want[0], got, want[1])
			}
		}
		if !tc.bypass {
			b.checkLooks(tc.name, dir)
		}
	}
}

// checkLooks takes the four pictures of a page and checks what can be measured:
// nothing overflows sideways, and text contrasts with its background.
func (b *browser) checkLooks(name, dir string) {
	b.t.Helper()
	for _, look := range []struct {
		name, scheme, media string
		columns             int
	}{
		{"light", "light", "screen", 1100},
		{"dark", "dark", "screen", 1100},
		{"narrow", "light", "screen", 390},
		{"print", "dark", "print", 720},
	} {
		b.media(look.scheme, look.media, look.columns)
		if got := b.eval(`document.documentElement.scrollWidth <= window.innerWidth`); got != "true" {
			b.t.Errorf("%s, %s: the page is wider than the window: %s", name, look.name,
				b.eval(`[document.documentElement.scrollWidth, window.innerWidth]`))
		}
		if got := b.eval(lowContrast); got != "[]" {
			b.t.Errorf("%s, %s: contrast below 4.5: %s", name, look.name, got)
		}
		b.screenshot(filepath.Join(dir, name+"_"+look.name+".png"), look.columns)
	}
}

// lowContrast lists the texts whose colour is too near to the colour behind
// them for WCAG AA.
const lowContrast = `(() => {
  const light = c => c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const parse = s => s.match(/[\d.]+/g).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg") || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
  }
  return [...low].slice(0, 10);
})()`

// The numbers on the page are those of the summary.
func TestHTMLNumbersInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	page := largePage()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(html(t, page)), 0o644); err != nil {
		t.Fatal(err)
	}
	b.media("light", "screen", 1100)
	b.open(path)

	rows := map[string]string{}
	read := func(section string) {
		text := b.eval(`[...document.querySelectorAll("#` + section + `")].map(h => [...h.parentElement.querySelectorAll("table")][0])
			.flatMap(t => [...t.rows]).slice(1).map(r => [r.cells[0].textContent, r.cells[1].textContent])`)
		var pairs [][2]string
		if err := json.Unmarshal([]byte(text), &pairs); err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			rows[p[0]] = strings.ReplaceAll(p[1], ",", "")
		}
	}
	read("outcomes")
	read("reasons")
	s := page.Summary
	if got, want := rows["rows read"], fmt.Sprint(s.Rows); got != want {
		t.Errorf("rows read = %s, want %s", got, want)
	}
	for o, n := range s.Outcomes {
		if got, want := rows[string(o)], fmt.Sprint(n); got != want {
			t.Errorf("%s = %q, want %s", o, got, want)
		}
	}
	for _, r := range s.Reasons {
		if got, want := rows[string(r.Code)], fmt.Sprint(r.Count); got != want {
			t.Errorf("%s = %q, want %s", r.Code, got, want)
		}
	}
	// A folded reason opens when the table's link leads to it.
	folded := s.Reasons[len(s.Reasons)-1].Code
	opened := `document.getElementById("` + string(folded) + `").closest("details").open`
	if got := b.eval(opened); got != "false" {
		t.Errorf("the last of many reasons is unfolded: open = %s", got)
	}
	b.eval(`document.querySelector('a[href="#` + string(folded) + `"]').click()`)
	if got := b.eval(opened); got != "true" {
		t.Errorf("the link to %s does not unfold it: open = %s", folded, got)
	}
	// The widths of the bar are the shares; the smallest pieces are wider,
	// to be seen at all.
	widths := b.eval(`[...document.querySelectorAll("section > .bar span")].map(e => Math.round(100 * e.offsetWidth / e.parentElement.offsetWidth))`)
	if want := "[12,8,76,0,0,0,0,0]"; widths != want {
		t.Errorf("the pieces of the bar take %s %% of it, want %s", widths, want)
	}
}
