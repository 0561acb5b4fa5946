package text

// lookalikes names the characters outside ASCII that are invisible, or that
// look like an ASCII character: in a message they are written as an escape,
// since nobody could distinguish them on a screen.
var lookalikes = map[rune]string{
	0x00a0: "no-break space", 0x00ad: "soft hyphen", 0x00b4: "acute accent", 0x00b7: "middle dot",
	0x02bc: "modifier apostrophe", 0x034f: "combining grapheme joiner", 0x061c: "Arabic letter mark",
	0x1680: "ogham space", 0x180e: "Mongolian vowel separator",
	0x2010: "hyphen", 0x2011: "non-breaking hyphen", 0x2012: "figure dash", 0x2013: "en dash", 0x2014: "em dash", 0x2015: "horizontal bar",
	0x2018: "left single quotation mark", 0x2019: "right single quotation mark", 0x201a: "low single quotation mark", 0x201b: "reversed single quotation mark",
	0x201c: "left double quotation mark", 0x201d: "right double quotation mark", 0x201e: "low double quotation mark", 0x201f: "reversed double quotation mark",
	0x2024: "one dot leader", 0x2028: "line separator", 0x2029: "paragraph separator",
	0x2032: "prime", 0x2033: "double prime", 0x2043: "hyphen bullet", 0x2044: "fraction slash", 0x2212: "minus sign", 0x2215: "division slash",
	0x2236: "ratio", 0x3000: "ideographic space", 0xa789: "modifier colon", 0xfe58: "small em dash", 0xfe63: "small hyphen-minus", 0xfeff: "byte order mark",
	0x200b: "zero-width space", 0x200c: "zero-width non-joiner", 0x200d: "zero-width joiner", 0x2060: "word joiner",
	0x0131: "dotless i", 0x017f: "long s", 0x212a: "Kelvin sign",
	// Cyrillic and Greek letters with the shape of Latin ones.
	'а': "Cyrillic a", 'с': "Cyrillic es", 'е': "Cyrillic ie", 'о': "Cyrillic o", 'р': "Cyrillic er", 'х': "Cyrillic ha", 'у': "Cyrillic u",
	'і': "Cyrillic i", 'ј': "Cyrillic je", 'ѕ': "Cyrillic dze", 'ԁ': "Cyrillic de", 'һ': "Cyrillic shha",
	'А': "Cyrillic A", 'В': "Cyrillic Ve", 'С': "Cyrillic Es", 'Е': "Cyrillic Ie", 'Н': "Cyrillic En", 'К': "Cyrillic Ka", 'М': "Cyrillic Em",
	'О': "Cyrillic O", 'Р': "Cyrillic Er", 'Т': "Cyrillic Te", 'Х': "Cyrillic Ha", 'У': "Cyrillic U", 'І': "Cyrillic I", 'Ј': "Cyrillic Je", 'Ѕ': "Cyrillic Dze",
	'Α': "Greek Alpha", 'Β': "Greek Beta", 'Ε': "Greek Epsilon", 'Ζ': "Greek Zeta", 'Η': "Greek Eta", 'Ι': "Greek Iota", 'Κ': "Greek Kappa",
	'Μ': "Greek Mu", 'Ν': "Greek Nu", 'Ο': "Greek Omicron", 'Ρ': "Greek Rho", 'Τ': "Greek Tau", 'Υ': "Greek Upsilon", 'Χ': "Greek Chi", 'ο': "Greek omicron", 'ν': "Greek nu",
}

// Lookalike names a character that could be mistaken, "" for any other.
func Lookalike(r rune) string {
	switch {
	case r < 0x80:
		return ""
	case r >= 0xff01 && r <= 0xff5e:
		return "full-width " + string(r-0xfee0)
	case r >= 0x2000 && r <= 0x200a, r == 0x202f, r == 0x205f:
		return "typographic space"
	case r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return "mark of text direction"
	case r >= 0x2061 && r <= 0x206f, r >= 0xfe00 && r <= 0xfe0f:
		return "invisible character"
	}
	return lookalikes[r]
}
