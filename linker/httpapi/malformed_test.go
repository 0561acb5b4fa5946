package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker/httpapi"
)

// rawRequest is a request as it goes over the wire.
type rawRequest struct{ name, text string }

// malformed makes requests that are none, or that two readers could understand
// differently. All of them carry a valid token, and a body that would link r-10
// if it were taken for a request; those about framing carry a second request in
// it, for r-11.
func malformed(token string) (list []rawRequest) {
	const body = `{"dataType":"ACCOUNT","id":"e-1"}`
	add := func(name, format string, args ...any) {
		list = append(list, rawRequest{name, fmt.Sprintf(format, args...)})
	}
	path := func(id string) string { return "/v1/core/recordings/" + id + "/link" }
	auth := httpapi.TokenHeader + ": " + token + "\r\nContent-Type: application/json\r\n"
	hidden := "PUT " + path("r-11") + " HTTP/1.1\r\nHost: x\r\n" + auth + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	framed := func(name, headers, payload string) {
		add("framing: "+name, "PUT %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n%s", path("r-10"), auth, headers, payload)
	}

	// Two readers, two lengths.
	for _, te := range []string{
		"xchunked", "chunked, identity", "identity", "chunked, chunked", "gzip, chunked", "gzip", "\x0bchunked", "chunked\x0b", "chunked\x00",
		"\"chunked\"", "chunked;q=1", "chunke", "CHUNKED, x", ",chunked", "chunked,", "cow", "",
	} {
		framed(fmt.Sprintf("Transfer-Encoding %q", te), "Transfer-Encoding: "+te+"\r\n", "0\r\n\r\n"+hidden)
		framed(fmt.Sprintf("Content-Length and Transfer-Encoding %q", te), "Content-Length: 4\r\nTransfer-Encoding: "+te+"\r\n", "0\r\n\r\n"+hidden)
	}
	for _, header := range []string{
		"Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "Transfer-Encoding\t: chunked", "X: y\r\n Transfer-Encoding: chunked",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
		"Content-Length: 4\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding:\x00chunked", "Transfer\u212aEncoding: chunked",
	} {
		framed(fmt.Sprintf("header %q", header), header+"\r\nContent-Length: 4\r\n", "0\r\n\r\n"+hidden)
	}
	for _, length := range []string{
		"-1", "+5", "0x5", "5 5", "5,6", "5, 6", "1e2", "５", "99999999999999999999", "9223372036854775808", " ", "", "5\x00", "five", "5;q=1", "-0", "00x",
	} {
		framed(fmt.Sprintf("Content-Length %q", length), "Content-Length: "+length+"\r\n", "{}   "+hidden)
	}
	framed("two lengths", "Content-Length: 2\r\nContent-Length: 5\r\n", "{}   "+hidden)
	framed("two lengths, one folded", "Content-Length: 2\r\nContent-Length:\r\n 5\r\n", "{}   "+hidden)
	for _, chunk := range []string{
		"-1\r\n", "+2\r\n{}\r\n0\r\n\r\n", "0x2\r\n{}\r\n0\r\n\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n", "ffffffffffffffff\r\n{}",
		"2\r\n{}0\r\n\r\n", "2\r\n{}xx0\r\n\r\n", "2\n{}\n0\n\n", " 2\r\n{}\r\n0\r\n\r\n", "g\r\n{}\r\n0\r\n\r\n", "\r\n", "2 2\r\n{}\r\n0\r\n\r\n",
		"2\r\n{}\r\n0\r\nTransfer-Encoding: chunked\r\nX\r\n\r\n", "2" + strings.Repeat(";x=y", 5000) + "\r\n{}\r\n0\r\n\r\n", "1\r\n{}\r\n0\r\n\r\n",
	} {
		framed(fmt.Sprintf("chunk %.30q", chunk), "Transfer-Encoding: chunked\r\n", chunk+hidden)
	}

	// Request lines.
	rest := " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + auth + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	for _, target := range []string{
		"/v1/core/recordings/r-10", "/v1/core/recordings//link", "/v1/core/recordings/r-10/link/", "//v1/core/recordings/r-10/link", "/v1/core/recordings/r-10//link",
		"/v1/core/recordings/r-10/link/..", "/v1/core/recordings/../recordings/r-10/link", "/v1/core/./recordings/r-10/link", "/V1/core/recordings/r-10/link",
		"/v1/core/recordings/r-10/Link", "/v1/core/recordings/r-10%2Flink", "/v1%2Fcore/recordings/r-10/link", "/v1/core/recordings/r-10/%6Cink", "/v1/core/recordings/%zz/link",
		"/v1/core/recordings/%/link", "/v1/core/recordings/%0/link", "/v1/core/recordings/%00/link", "/v1/core/recordings/r-10%00/link", "/v1/core/recordings/r-10%0d%0aX:y/link",
		"/v1/core/recordings/%ff%fe/link", "/v1/core/recordings/" + strings.Repeat("a", 4000) + "/link", "/v1/core/recordings/r-10;x/link", `/v1\core\recordings\r-10\link`,
		"/v1/core/recordings/r\x00/link", "/v1/core/recordings/r\x7f/link", "/v1/core/recordings/r 10/link", "/v1/core/recordings/r\t10/link", "v1/core/recordings/r-10/link",
		"*", "/", "", "?", "x:80", "http:///v1/core/recordings/r-10/link/x", "javascript:alert(1)", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/.git/config", "/debug/pprof/",
	} {
		add(fmt.Sprintf("target %.40q", target), "PUT %s%s", target, rest)
	}
	good := path("r-10")
	for _, line := range []string{
		"GET " + good + " HTTP/1.1", "POST " + good + " HTTP/1.1", "PATCH " + good + " HTTP/1.1", "OPTIONS " + good + " HTTP/1.1", "TRACE " + good + " HTTP/1.1", "CONNECT x:80 HTTP/1.1",
		"put " + good + " HTTP/1.1", "Put " + good + " HTTP/1.1", "PUT\t" + good + " HTTP/1.1", "PUT  " + good + " HTTP/1.1", " PUT " + good + " HTTP/1.1", "PUT " + good, "PUT " + good + " HTTP/1.1 x",
		"PUT " + good + " HTTP/0.9", "PUT " + good + " HTTP/2.0", "PUT " + good + " HTTP/3.0", "PUT " + good + " HTTP/9.9", "PUT " + good + " HTTP/1.1\x00", "PUT " + good + " http/1.1", "PUT " + good + " HTTP/1", "PUT " + good + " HTTP/11",
		"P\x00T " + good + " HTTP/1.1", "PÜT " + good + " HTTP/1.1", strings.Repeat("P", 9000) + " " + good + " HTTP/1.1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "PRI * HTTP/2.0", "",
	} {
		add(fmt.Sprintf("line %.40q", line), "%s\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s", line, auth, len(body), body)
	}

	// Headers.
	for _, header := range []string{
		"Host: y", "Host", "X", ": y", "X\x00: y", "X: y\x00", "X: y\rZ: z", "X : y", "X: \x7f", "Ü: y", "X(: y", "\tX: y",
		httpapi.TokenHeader + ": " + token, httpapi.TokenHeader + ": x", strings.ToUpper(httpapi.TokenHeader) + ":" + token,
		"Content-Type: text/plain", "Content-Encoding: gzip", "Content-Encoding: identity", "Expect: 200-maybe", "X: " + strings.Repeat("y", 20_000),
		strings.Repeat("X: y\r\n", 5000) + "X: y",
	} {
		// A second type does not count, as http.Header.Get has the first.
		if header == "Content-Type: text/plain" {
			header = "Content-Type: text/plain\r\nX-Type: moved"
			add("header: another type", "PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s", good, header, httpapi.TokenHeader, token, len(body), body)
			continue
		}
		add(fmt.Sprintf("header %.40q", header), "PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\nContent-Length: %d\r\n\r\n%s", good, auth, header, len(body), body)
	}
	add("no host", "PUT %s HTTP/1.1\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s", good, auth, len(body), body)
	for _, host := range []string{"x y", "x/y", "x\x00", "é\x00", "[::1"} {
		add(fmt.Sprintf("host %q", host), "PUT %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s", good, host, auth, len(body), body)
	}
	for _, secret := range []string{"", " ", "x", token + "x", token[1:], token + "," + token, `"` + token + `"`, "Bearer " + token, strings.ToUpper(token), token + "\x00"} {
		add(fmt.Sprintf("token %.12q", secret), "PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s", good, httpapi.TokenHeader, secret, len(body), body)
	}

	// Bodies.
	for _, bad := range []string{
		"", " ", "null", "true", "0", `""`, "[]", "{", "}", "{}", "{}{}", body + body, body + "x", "[" + body + "]", `{"a"}`, `{"dataType":}`, `{dataType:"ACCOUNT"}`,
		`{'dataType':'ACCOUNT','id':'e-1'}`, strings.Replace(body, "}", ",}", 1), strings.Replace(body, ",", ",,", 1), "\ufeff" + body, "\x00" + body, body + "\x00",
		strings.Replace(body, "e-1", "e-\xff", 1), strings.Replace(body, "e-1", `e-\ud800`, 1), strings.Replace(body, "e-1", `e-\u0000`, 1), strings.Replace(body, "e-1", "e-\n1", 1),
		strings.Replace(body, `"e-1"`, "1", 1), strings.Replace(body, `"e-1"`, `["e-1"]`, 1), strings.Replace(body, `"e-1"`, `{"$ne":""}`, 1), strings.Replace(body, `"id"`, `"ID"`, 1),
		strings.Replace(body, `"id"`, `"__proto__"`, 1), strings.Replace(body, "}", `,"id":"e-2"}`, 1), strings.Replace(body, "}", `,"recordingId":"r-11"}`, 1),
		strings.Replace(body, "}", `,"externalId":"x-1"}`, 1), strings.Replace(body, "ACCOUNT", "ACCOUNT' OR 1=1--", 1), strings.Replace(body, "e-1", "e-1' OR '1'='1", 1),
		strings.Replace(body, "e-1", strings.Repeat("e", 300), 1), strings.Repeat("[", 60_000), strings.Repeat(`{"a":`, 10_000), `{"a":` + strings.Repeat("9", 60_000) + "}", strings.Repeat(" ", 70_000),
		"<link/>", "dataType=ACCOUNT&id=e-1",
	} {
		add(fmt.Sprintf("body %.30q", bad), "PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s", good, auth, len(bad), bad)
	}
	return list
}

// Nothing that is not a request does anything, or keeps others from being
// served; and no body is taken for a second request.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{server: func(s *http.Server) { s.ReadTimeout, s.ReadHeaderTimeout = time.Second, time.Second }})
	before := links(t, x.conn)
	list := malformed(x.token["o-1"])
	if len(list) < 185 {
		t.Errorf("only %d kinds of requests", len(list))
	}
	for _, request := range list {
		answers := x.raw(request.text)
		for _, a := range answers {
			if a.StatusCode < 400 || a.StatusCode == 500 {
				t.Errorf("%s: %s, want a refusal", request.name, a.Status)
			}
		}
		// What follows a request may be refused as none, and no more.
		if len(answers) > 2 || len(answers) == 2 && answers[1].StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d answers, the last %s: a body was taken for a request", request.name, len(answers), answers[len(answers)-1].Status)
		}
	}
	if diff := cmp.Diff(before, links(t, x.conn)); diff != "" {
		t.Errorf("links have changed (-before +after):\n%s", diff)
	}
	if strings.Contains(x.log.String(), "panic") {
		t.Error("the server panicked")
	}
	if got := x.do(ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}); got.status != http.StatusOK {
		t.Errorf("after them: %d, want 200", got.status)
	}
}

// raw sends bytes and returns all answers to them.
func (x *service) raw(text string) (answers []*http.Response) {
	x.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(x.url, "http://"))
	if err != nil {
		x.t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		io.WriteString(conn, text) // the server may hang up on it
		conn.(*net.TCPConn).CloseWrite()
	}()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(r, nil)
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				x.t.Errorf("%.60q: the connection stays open", text)
			}
			return answers
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		answers = append(answers, response)
	}
}
