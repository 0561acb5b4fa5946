package text

// Word returns the word of the list that s is, without regard to the case of
// ASCII letters, or "". Words with letters are in capitals. Unicode folding is not
// asked: by it "ſ" is an "S".
func Word(list []string, s string) string {
	for _, w := range list {
		if w == s {
			return w
		}
	}
	for _, w := range list {
		if len(w) == len(s) && sameLetters(w, s) {
			return w
		}
	}
	return ""
}

func sameLetters(upper, s string) bool {
	for i := range len(s) {
		b := s[i]
		if b >= 'a' && b <= 'z' {
			b -= 'a' - 'A'
		}
		if b != upper[i] {
			return false
		}
	}
	return true
}

// Digits counts the digits that s begins with.
func Digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
