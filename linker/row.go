package linker

// Fields are the six input fields of a record, as text. The same type holds a
// record as it was given and the values that --set fills in. Absent is "".
type Fields struct {
	RecordingID             string
	DataType                string
	ID                      string
	ExternalID              string
	IntegrationConnectionID string
	Trigger                 string
}

// Row is one request, link recording RecordingID to a CRM row, after Check:
// trimmed, words in capitals. A row without a fault names its target either by
// ID or by ExternalID together with IntegrationConnectionID.
type Row struct {
	RecordingID             string
	DataType                string
	ID                      string
	ExternalID              string
	IntegrationConnectionID string
	Trigger                 string // "" is stored as NULL
}

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
