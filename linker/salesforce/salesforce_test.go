package salesforce

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestAlternatives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, given string
		want        []string
	}{
		{"15 characters", "70130000001tcyI", []string{"70130000001tcyIAAQ"}},
		{"18 characters", "70130000001tcyIAAQ", []string{"70130000001tcyI"}},
		{"in small letters", "70130000001tcyiaaq", []string{"70130000001tcyIAAQ", "70130000001tcyI"}},
		{"in capitals", "70130000001TCYIAAQ", []string{"70130000001tcyIAAQ", "70130000001tcyI"}},
		{"checksum in small letters", "70130000001tcyIaaq", []string{"70130000001tcyIAAQ", "70130000001tcyI"}},
		{"checksum that fits no letter", "70130000001tcyIAAB", nil},
		{"checksum with a character it cannot have", "70130000001tcyIAA9", nil},
		{"letters of both cases that the checksum denies", "70130000001TcyiAAQ", nil},
		{"17 characters", "70130000001tcyIAA", nil},
		{"with a hyphen", "7013000-001tcyI", nil},
		{"not ASCII", "70130000001tcé", nil},
		{"empty", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Alternatives(c.given); !slices.Equal(got, c.want) {
				t.Errorf("Alternatives(%q) = %q, want %q", c.given, got, c.want)
			}
		})
	}
}

// slowChecksum is the published algorithm, word for word: each group of five
// characters reversed is a binary number of its capitals.
func slowChecksum(id string) string {
	var sum string
	for group := range slices.Chunk([]byte(id), 5) {
		slices.Reverse(group)
		n := 0
		for _, b := range group {
			n *= 2
			if b >= 'A' && b <= 'Z' {
				n++
			}
		}
		sum += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n : n+1]
	}
	return sum
}

func TestLetterCaseIsRestored(t *testing.T) {
	t.Parallel()
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var b [15]byte
		for i := range b {
			b[i] = alphabet[random.IntN(len(alphabet))]
		}
		short := string(b[:])
		long := short + slowChecksum(short)
		if got := Alternatives(short); !slices.Equal(got, []string{long}) {
			t.Fatalf("Alternatives(%q) = %q, want %q", short, got, long)
		}
		for _, folded := range []string{strings.ToLower(long), strings.ToUpper(long), short + strings.ToLower(long[15:])} {
			want := []string{long, short}
			if folded == long {
				want = want[1:]
			}
			if got := Alternatives(folded); !slices.Equal(got, want) {
				t.Fatalf("Alternatives(%q) = %q, want %q", folded, got, want)
			}
		}
	}
}

func FuzzSalesforce(f *testing.F) {
	for _, s := range []string{"70130000001tcyI", "70130000001tcyIAAQ", "70130000001tcyiaaq", "70130000001tcyIAA9", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, given string) {
		forms := Alternatives(given)
		if slices.Contains(forms, given) {
			t.Errorf("Alternatives(%q) = %q, want other forms than the one given", given, forms)
		}
		for _, form := range forms {
			if len(form) != 15 && len(form) != 18 || !strings.EqualFold(form[:15], given[:15]) {
				t.Errorf("Alternatives(%q) = %q, want ids that differ in letter case and checksum only", given, forms)
			}
			if len(form) == 18 && form[15:] != slowChecksum(form[:15]) {
				t.Errorf("Alternatives(%q) = %q, want a checksum that fits", given, forms)
			}
		}
	})
}
