package linker

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"relink/linker/damage"
)

func TestDamage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want   damage.Kind
		values []string
	}{
		{damage.Scientific, []string{"1E+5", "1.23E+17", "1,23e+17", "-1.0E+9", "+12E+03"}},
		{damage.ErrorWord, []string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#n/a"}},
		{damage.Exponent, []string{"1E5", "1.5e-3", "001300000E00012", "12e3"}},
		{damage.Decimals, []string{"12345.0", "12345.00", "12345,0", "-3.0"}},
		{damage.Rounded, []string{"1234567890123450", "1234567890123450000", "3652397000000190000"}},
		{damage.Narrow, []string{"##", "########"}},
		{damage.ForeignError, []string{"#NV", "#WERT!", "#SPILL!", "#N/D", "#I/T", "#YOK", "#Н/Д", "#ЗНАЧ!", "#名前?", "#¡VALOR!", "Err:502", "ERR:522"}},
		{damage.Date, []string{
			"2024-03-05", "5.3.2024", "3/5/24", "2024/3/5", "5-Mar", "05-mar-2024", "Mar-05", "Sept-12", "5. Mrz"[:1] + "-Mrz",
			"2024-03-05 12:34:56", "2024-03-05T12:34:56Z", "3/5/2024 9:05 PM", "3/31/2024",
		}},
		{damage.None, []string{
			"1", "-1", "12345", "123456789012345", "1234567890123456", "12345.6", "1.", ".5", "1E", "1E+", "1E+5x", "E+5", "1.E+5",
			"#", "#12", "#A", "#abc", "#A1", "Err:", "err-502", "# a", "r-1", "may", "sun-1", "2024-13-32", "32.1.2024", "2024-03", "12-ABC", "1-2", "10.0.0.1",
			"7d0f7d0e-5a3f-4b8e-9d7c-2a1b3c4d5e6f", "1e5f7d0e-5a3f-4b8e-9d7c-2a1b3c4d5e6f", "01ARZ3NDEKTSV4RRFFQ69G5FAV",
			"00630000001tcyIAAQ", "N/A", "3652397000000190001", "١٢٣",
		}},
	} {
		for _, v := range c.values {
			if got := damage.Of(v); got != c.want {
				t.Errorf("damageOf(%q) = %d %q, want %d %q", v, got, got, c.want, c.want)
			}
		}
	}
}

// The two forms that are refused without looking are given as patterns in the
// manual; the hand-written reader must agree with them.
func TestCertainDamageIsThePattern(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`^([+-]?\d+([.,]\d+)?[Ee]\+\d+|(?i:#N/A|#REF!|#VALUE!|#NAME\?|#DIV/0!|#NUM!|#NULL!))$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(`[+-]?[0-9]{0,4}[.,]?[0-9]{0,3}[Ee]?[+-]?[0-9]{0,3}x?`),
			rapid.StringMatching(`#[A-Z/0]{1,5}[!?]?`),
			messy(),
		).Filter(func(s string) bool { return s != "" }).Draw(t, "s")
		if got, want := damage.Of(s).Certain(), pattern.MatchString(s); got != want {
			t.Fatalf("damageOf(%q).certain() = %v, want %v", s, got, want)
		}
	})
}

func TestCheckSuspects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Fields)
		want   Suspect
	}{
		{"none", nil, 0},
		{"recording", func(f *Fields) { f.RecordingID = "12345.0" }, SuspectRecording},
		{"externalId", func(f *Fields) { f.ExternalID = "####" }, SuspectTarget},
		{"id", func(f *Fields) { f.ID, f.ExternalID = "5-Mar", "" }, SuspectTarget},
		{"both", func(f *Fields) { f.RecordingID, f.ExternalID = "1E5", "1E5" }, SuspectRecording | SuspectTarget},
		{"a connection is not looked up by spreadsheet rules", func(f *Fields) { f.IntegrationConnectionID = "1E5" }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checked := Check(good(c.change), Fields{})
			if checked.Fault != nil || checked.Suspect != c.want {
				t.Errorf("Suspect = %b with fault %v, want %b and none", checked.Suspect, checked.Fault, c.want)
			}
		})
	}
}
