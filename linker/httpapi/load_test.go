package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"relink/linker/httpapi"
)

func TestThousandAtOnce(t *testing.T) {
	t.Parallel()
	const requests, recordings = 1000, 50
	x := serve(t, setup{connections: 8})
	if _, err := x.conn.Exec(t.Context(), "DELETE FROM recording_links"); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: requests}, Timeout: time.Minute}
	type change struct{ outcome, previous string }
	var mu sync.Mutex
	done := map[string][]change{} // by recording
	statuses := map[int]int{}
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range requests {
		group.Go(func() {
			recording := fmt.Sprintf("r-%d", i%recordings+1)
			body := fmt.Sprintf(`{"dataType":"ACCOUNT","id":"e-%d"}`, i/recordings%7+1)
			request, err := http.NewRequest(http.MethodPut, x.url+"/v1/core/recordings/"+recording+"/link", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set(httpapi.TokenHeader, x.token["o-1"])
			<-start
			response, err := client.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			var answer struct {
				Relink struct{ Outcome, PreviousEntityID string }
			}
			if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[response.StatusCode]++
			if response.StatusCode == http.StatusOK {
				done[recording] = append(done[recording], change{answer.Relink.Outcome, answer.Relink.PreviousEntityID})
			}
		})
	}
	close(start)
	group.Wait()
	if statuses[200]+statuses[409] != requests || statuses[200] < requests*9/10 {
		t.Errorf("statuses %v, want nearly all 200 and the rest 409", statuses)
	}
	current := links(t, x.conn)
	for n := 1; n <= recordings; n++ {
		recording := fmt.Sprintf("r-%d", n)
		if current[recording] == "" {
			t.Errorf("%s has no current link", recording)
		}
		created, replaced := 0, 0
		for _, c := range done[recording] {
			switch c.outcome {
			case "created":
				created++
			case "replaced":
				replaced++
			}
		}
		var rows, cleared, gaps int
		err := x.conn.QueryRow(t.Context(), `
			SELECT count(*), count(cleared_at), count(*) FILTER (WHERE linked_at < before)
			FROM (SELECT linked_at, cleared_at, lag(cleared_at) OVER (ORDER BY id) AS before FROM recording_links WHERE recording_id = $1) AS l`, recording).
			Scan(&rows, &cleared, &gaps)
		if err != nil {
			t.Fatal(err)
		}
		if created != 1 || rows != created+replaced || cleared != replaced || gaps != 0 {
			t.Errorf("%s: %d created, %d replaced; the history has %d links, %d cleared, %d overlapping", recording, created, replaced, rows, cleared, gaps)
		}
	}
}

func TestRateLimitOfEachToken(t *testing.T) {
	t.Parallel()
	const limit = 20
	x := serve(t, setup{perMinute: limit})
	described := openAPI(t, x)
	put := ask{recording: "r-10", body: `{"dataType":"ACCOUNT","id":"e-1"}`}
	for n := range limit {
		if got := x.do(put); got.status != http.StatusOK {
			t.Fatalf("request %d of %d: %d, want 200", n+1, limit, got.status)
		}
	}
	for range 3 {
		got := x.do(put)
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != http.StatusTooManyRequests || err != nil || seconds < 50 || seconds > 60 {
			t.Errorf("over the limit: %d with Retry-After %q, want 429 with nearly a minute", got.status, got.header.Get("Retry-After"))
		}
		described.holds(t, "PUT", got)
	}
	if got := x.do(ask{method: "DELETE", recording: put.recording, body: put.body}); got.status != http.StatusTooManyRequests {
		t.Errorf("DELETE over the limit: %d, want 429", got.status)
	}
	if got := x.do(ask{token: "o-2", recording: "s-1", body: `{"dataType":"ACCOUNT","id":"f-1"}`}); got.status != http.StatusOK {
		t.Errorf("another token: %d, want 200", got.status)
	}
	if got := x.do(ask{token: "none", recording: put.recording, body: put.body}); got.status != http.StatusUnauthorized {
		t.Errorf("no token: %d, want 401", got.status)
	}
}

func TestSlowCallersAreCutOff(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{server: func(s *http.Server) {
		s.ReadHeaderTimeout, s.ReadTimeout = 200*time.Millisecond, 400*time.Millisecond
	}})
	head := "PUT /v1/core/recordings/r-10/link HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
		httpapi.TokenHeader + ": " + x.token["o-1"] + "\r\nContent-Length: 100\r\n"
	for name, sent := range map[string]string{
		"in the header":  head,
		"in the body":    head + "\r\n{\"dataType\":",
		"from the start": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(x.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			answer, err := io.ReadAll(bufio.NewReader(conn))
			if err != nil {
				t.Fatalf("the connection was not closed: %v", err)
			}
			if name == "in the body" && !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
				t.Errorf("answer %q, want 408", answer)
			}
		})
	}
	// Others are served in the meantime.
	if got := x.do(ask{recording: "r-11", body: `{"dataType":"ACCOUNT","id":"e-1"}`}); got.status != http.StatusOK {
		t.Errorf("beside slow callers: %d, want 200", got.status)
	}
}

func TestBodyThatEndsEarly(t *testing.T) {
	t.Parallel()
	x := serve(t, setup{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(x.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "PUT /v1/core/recordings/r-10/link HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		httpapi.TokenHeader+": "+x.token["o-1"]+"\r\nContent-Length: 100\r\n\r\n{\"dataType\":\"ACCOUNT\",\"id\":\"e-1\"}")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("answer %q, %v; want 400", answer, err)
	}
	if _, linked := links(t, x.conn)["r-10"]; linked {
		t.Error("half a request was carried out")
	}
}

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:8080": true, "127.9.9.9:1": true, "[::1]:8080": true, "localhost:8080": true, "::1": true, "localhost": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "192.168.1.1:80": false, "example.com:80": false, "127.0.0.1.example.com": false, "": false,
	} {
		if got := httpapi.IsLoopback(address); got != want {
			t.Errorf("IsLoopback(%q) = %v, want %v", address, got, want)
		}
	}
}
