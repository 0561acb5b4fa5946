package linker

import (
	"strings"

	"relink/linker/text"
)

// DataTypes are the kinds of CRM row a recording can be linked to, in the
// order in which help and errors list them.
var DataTypes = []string{"ACCOUNT", "CONTACT", "LEAD", "OPPORTUNITY", "ENGAGEMENT"}

// Triggers are the words allowed in the field trigger.
var Triggers = []string{
	"FUZZY_MATCH_RECORDINGS_FOR_ENGAGEMENT",
	"FUZZY_MATCH_ENGAGEMENTS_FOR_RECORDING",
	"FUZZY_MATCH_RECORDINGS_FOR_OPPORTUNITY",
	"FUZZY_MATCH_OPPORTUNITIES_FOR_RECORDING",
	"OPPORTUNITY_DEEPLINK_ADMIN",
	"OPPORTUNITY_DEEPLINK",
	"CRM_DEEPLINK",
	"AUDIO_UPLOAD_DEEPLINK",
	"CONTACT_MATCH_AUDIO_UPLOAD",
	"USER_LINK_WEB",
	"USER_LINK_MOBILE",
	"USER_LINK_POST_RECORDING",
	"USER_UNLINK",
	"USER_APPOINTMENT_LIST",
	"CALENDAR_MATCH",
	"EXTERNAL_API_LINK",
	"RECORDING_HARD_DELETED",
}

// meantDataType maps a wrong word to the data type that it may stand for: the
// names that CRMs and their exports use.
func meantDataType(s string) string {
	switch meant := DataTypeMeant(s); {
	case meant != "":
		return "write " + meant + " if that is what is meant"
	case IsNullWord(s):
		return "this is how programs write an empty value; give " + text.OneOf(DataTypes)
	}
	return "give " + text.OneOf(DataTypes)
}

// DataTypeMeant returns the data type that a word of a CRM or its exports
// probably stands for, "" when it is unknown.
func DataTypeMeant(s string) string {
	switch strings.ToLower(s[:min(len(s), 32)]) {
	case "accounts", "company", "companies", "organization", "organizations", "organisation", "organisations":
		return "ACCOUNT"
	case "contacts", "person", "persons", "people":
		return "CONTACT"
	case "leads":
		return "LEAD"
	case "opportunities", "opp", "opps", "deal", "deals":
		return "OPPORTUNITY"
	case "engagements", "task", "tasks", "event", "events", "activity", "activities", "meeting", "meetings", "call", "calls":
		return "ENGAGEMENT"
	}
	return ""
}

// meantTrigger maps a wrong word to the trigger that it may stand for. There
// are too many triggers to list in every row.
func meantTrigger(s string) string {
	if w := TriggerMeant(s); w != "" {
		return "write " + w
	}
	if IsNullWord(s) {
		return "this is how programs write an empty value; leave the cell empty"
	}
	return "leave it empty or take one of the words that explain invalid_trigger lists"
}

// TriggerMeant returns the trigger that differs from s in its separators only, ""
// when there is none.
func TriggerMeant(s string) string {
	if len(s) > 64 {
		return ""
	}
	return text.Word(Triggers, strings.NewReplacer(" ", "_", "-", "_", ".", "_").Replace(s))
}

// sentences joins two parts of a message, either of which may be "".
func sentences(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
