package salesforce

import (
	"fmt"

	"relink/linker/text"
)

// A Salesforce id has 15 characters and is case-sensitive. The form of 18
// characters ends in a checksum that encodes which of the 15 are capitals: five
// bits for each of its three characters. Exports and formulas that fold letter
// case destroy the first form; the second can be restored.
const (
	shortID = 15
	longID  = 18
)

// checksumAlphabet is what the characters of the checksum count in.
const checksumAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// Alternatives lists the forms of a Salesforce id to be tried after the one
// given, in this order: the 18-character form, then the first 15 characters of
// that; the form given is left out. It is nil for what is not shaped like a
// Salesforce id and for an id whose checksum is wrong.
//
// Letter case is restored when all letters of the id are small or all are
// capitals. A checksum that does not fit letters of both cases is wrong: either
// of the two may be damaged, and since ids that differ in case only do exist,
// going by the checksum could link another customer's record.
//
// Other ids can have the shape as well. That is harmless, since the forms are
// tried only when the id as given is not found.
func Alternatives(externalID string) []string {
	s := readSalesforce(externalID)
	if !s.shaped || !s.fits {
		return nil
	}
	if len(externalID) == shortID {
		return []string{externalID + checksum(s.capitals)}
	}
	long := s.long(externalID)
	if long == externalID {
		return []string{long[:shortID]}
	}
	return []string{long, long[:shortID]}
}

// salesforce is what the characters of an id say.
type salesforce struct {
	shaped   bool   // 15 or 18 ASCII letters and digits
	letters  uint16 // the places that are letters, bit 0 the first of 15
	capitals uint16 // those that are, or by the checksum should be, capitals
	fits     bool   // the checksum can be right; true for 15 characters
}

// Is reports whether s has the shape of a Salesforce id: 15 or 18 ASCII
// letters and digits.
func Is(s string) bool { return readSalesforce(s).shaped }

func readSalesforce(s string) salesforce {
	if len(s) != shortID && len(s) != longID {
		return salesforce{}
	}
	var letters, capitals uint16
	for i := range shortID {
		switch b := s[i]; {
		case b >= '0' && b <= '9':
		case b >= 'A' && b <= 'Z':
			letters |= 1 << i
			capitals |= 1 << i
		case b >= 'a' && b <= 'z':
			letters |= 1 << i
		default:
			return salesforce{}
		}
	}
	found := salesforce{shaped: true, letters: letters, capitals: capitals, fits: true}
	if len(s) == shortID {
		return found
	}
	var said uint16
	for i := range longID - shortID {
		switch b := s[shortID+i]; {
		case b >= 'A' && b <= 'Z':
			said |= uint16(b-'A') << (5 * i)
		case b >= 'a' && b <= 'z':
			said |= uint16(b-'a') << (5 * i)
		case b >= '0' && b <= '5':
			said |= uint16(b-'0'+26) << (5 * i)
		case b >= '6' && b <= '9':
			found.fits = false
		default:
			return salesforce{}
		}
	}
	if said != capitals {
		caseLost := capitals == 0 || capitals == letters
		found.fits = found.fits && caseLost && said&^letters == 0
		found.capitals = said
	}
	return found
}

// checksum returns the three characters that encode the capitals.
func checksum(capitals uint16) string {
	return string([]byte{
		checksumAlphabet[capitals&31],
		checksumAlphabet[capitals>>5&31],
		checksumAlphabet[capitals>>10&31],
	})
}

// long writes the 18-character form of an id whose checksum fits.
func (s salesforce) long(given string) string {
	var form [longID]byte
	for i := range shortID {
		b := given[i]
		if s.letters&(1<<i) != 0 {
			b |= 0x20
			if s.capitals&(1<<i) != 0 {
				b &^= 0x20
			}
		}
		form[i] = b
	}
	for i := shortID; i < longID; i++ {
		form[i] = given[i]
		if form[i] >= 'a' {
			form[i] -= 'a' - 'A'
		}
	}
	if string(form[:]) == given {
		return given
	}
	return string(form[:])
}

// Note describes what is odd about an external id that is shaped like a
// Salesforce id: a wrong checksum, or a key prefix of another data type than
// dataType ("" for any). An id of digits only is more likely that of another
// CRM and gets no note.
func Note(externalID, dataType string) string {
	s := readSalesforce(externalID)
	if !s.shaped || s.letters == 0 {
		return ""
	}
	if !s.fits {
		return fmt.Sprintf("as a Salesforce id %s has a wrong checksum: its last three characters do not fit the others", text.Quote(externalID))
	}
	if externalID[0] != '0' || externalID[1] != '0' {
		return ""
	}
	prefixed := prefixType(externalID[2], s.capitals&4 != 0)
	if prefixed == "" || dataType == "" || prefixed == dataType {
		return ""
	}
	return fmt.Sprintf("as a Salesforce id %s is of type %s, not %s, by its key prefix", text.Quote(externalID), prefixed, dataType)
}

// prefixType is the data type of an id that begins with 00 and the given
// character, which may have to be a capital.
func prefixType(third byte, capital bool) string {
	switch third {
	case '1':
		return "ACCOUNT"
	case '3':
		return "CONTACT"
	case '6':
		return "OPPORTUNITY"
	}
	if !capital {
		return ""
	}
	switch third &^ 0x20 {
	case 'Q':
		return "LEAD"
	case 'T', 'U':
		return "ENGAGEMENT"
	}
	return ""
}
