package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"relink/linker"
	"relink/linker/explain"
	"relink/linker/text"
)

// reply is what an attempt came to: a result, or the wish to try again.
type reply struct {
	decision linker.Decision
	final    bool // retrying is of no use

	said  string        // why not, in the server's words
	busy  bool          // the server asks to slow down
	after time.Duration // how long to wait, 0 when the server gives no time
}

func final(r linker.Decision) reply { return reply{decision: r, final: true} }

func again(said string) reply { return reply{said: said} }

// read makes a reply of an answer. A server need not be one of this program:
// only the status and, of a success, the CRM row's id are counted on.
func read(response *http.Response, body []byte, row linker.Fields) (reply, error) {
	status := response.StatusCode
	a, isJSON := parse(body)
	said := "the server says " + phrase(response, a.Error)
	switch {
	case status == http.StatusNoContent:
		return final(linker.Decision{Outcome: linker.Linked}), nil
	case status >= 200 && status < 300:
		if !isJSON || a.Data.ID == "" {
			return final(failed("the server says " + phrase(response, "") + ", but not what was linked: " + excerpt(body))), nil
		}
		return final(done(a, row)), nil
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return reply{}, &StopError{said, "check the token in --token-file, and that it is for this server", false}
	case status >= 300 && status < 400:
		return reply{}, &StopError{
			fmt.Sprintf("%s and sends us to %q", said, response.Header.Get("Location")),
			"give the address it sends us to as --api, if it is right", true,
		}
	case status == http.StatusMethodNotAllowed:
		return reply{}, &StopError{said, "there is no such operation at this address: check --api", true}
	case status == http.StatusTooManyRequests:
		r := again(said)
		r.busy, r.after = true, retryAfter(response.Header)
		return r, nil
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly || status >= 500:
		r := again(said)
		r.after = retryAfter(response.Header)
		return r, nil
	}
	return final(refused(status, a, said, row)), nil
}

// answer is as much of an answer as is made use of.
type answer struct {
	Data struct {
		ID         string `json:"id"`
		ExternalID string `json:"externalId"`
	} `json:"data"`
	Relink *struct {
		Outcome          linker.Outcome `json:"outcome"`
		PreviousEntityID string         `json:"previousEntityId"`
		PreviousDataType string         `json:"previousDataType"`
	} `json:"relink"`
	Error   string `json:"error"`
	Details struct {
		Code linker.Code `json:"code"`
	} `json:"details"`
}

// parse reads an answer. Parts that have another shape than ours are left out.
func parse(body []byte) (a answer, ok bool) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(body, &parts) != nil || parts == nil {
		return a, false
	}
	for name, into := range map[string]any{"data": &a.Data, "relink": &a.Relink, "error": &a.Error, "details": &a.Details} {
		if part, there := parts[name]; there && json.Unmarshal(part, into) != nil && name == "relink" {
			a.Relink = nil
		}
	}
	return a, true
}

// done is the result of a success.
func done(a answer, row linker.Fields) linker.Decision {
	r := linker.Decision{Outcome: linker.Linked, EntityID: a.Data.ID}
	if row.ExternalID != "" && a.Data.ExternalID != "" && a.Data.ExternalID != row.ExternalID {
		r.Detail = "found as " + a.Data.ExternalID // in the words of a file's report
	}
	if a.Relink == nil {
		return r
	}
	switch a.Relink.Outcome {
	case linker.Created, linker.Replaced, linker.Unchanged, linker.Kept:
		r.Outcome = a.Relink.Outcome
		r.PreviousEntityID, r.PreviousDataType = a.Relink.PreviousEntityID, a.Relink.PreviousDataType
	}
	return r
}

// refused is the result of a negative answer.
func refused(status int, a answer, said string, row linker.Fields) linker.Decision {
	code := a.Details.Code
	if _, known := explain.Explain(code); !known || code == "" {
		if status == http.StatusNotFound {
			return linker.Decision{Outcome: linker.Rejected, Code: linker.NotFound, Detail: clean(a.Error)}
		}
		return failed(said)
	}
	r := linker.Decision{Outcome: linker.Rejected, Code: code, Detail: added(code, row, a.Error)}
	switch code {
	case linker.LostRace, linker.TargetGone, linker.Locked, linker.DatabaseRefused, linker.ServerError:
		r.Outcome = linker.Failed
	}
	return r
}

func failed(detail string) linker.Decision {
	return linker.Decision{Outcome: linker.Failed, Code: linker.ServerError, Detail: detail}
}

// added returns what a server's sentence has in addition to the one for the
// code, so that a report is the same whichever way a row was sent. A sentence
// of another form is returned whole.
func added(code linker.Code, row linker.Fields, sentence string) string {
	const here = "\x00"
	of := linker.Check(linker.Fields(row), linker.Fields{}) // what the server saw
	if sentence == linker.Message(code, of, "") {
		return ""
	}
	before, after, _ := strings.Cut(linker.Message(code, of, here), here)
	if rest, ok := strings.CutPrefix(sentence, before); ok {
		if detail, ok := strings.CutSuffix(rest, after); ok {
			return clean(detail)
		}
	}
	return clean(sentence)
}

// phrase is a status with the server's own sentence.
func phrase(response *http.Response, sentence string) string {
	status := strconv.Itoa(response.StatusCode)
	if text := http.StatusText(response.StatusCode); text != "" {
		status += " " + text
	}
	if sentence = clean(sentence); sentence != "" {
		status += ": " + sentence
	}
	return status
}

// maxSaid is how much of a server's text goes into a report.
const maxSaid = 500

// clean turns a server's text into one line of limited length.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	return text.Cut(text.Printable(s), maxSaid)
}

// excerpt shows the beginning of an answer that is not understood.
func excerpt(body []byte) string {
	const most = 80
	s := clean(strings.ToValidUTF8(string(body[:min(len(body), 4*most)]), "�"))
	if s == "" {
		return "the answer is empty"
	}
	return strconv.Quote(text.Cut(s, most))
}

// retryAfter reads the header of that name, which is a number of seconds or a
// date; 0 for none.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, busyTimeout)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(0, time.Until(at)), busyTimeout)
	}
	return 0
}

// unreachable describes why there was no answer.
func unreachable(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the address, which is the same for all
	}
	if os.IsTimeout(err) {
		return "the server did not answer in time"
	}
	return "there was no answer: " + clean(err.Error())
}
