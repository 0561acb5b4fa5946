package explain

import (
	"relink/linker"
)

// databaseExplanations are the texts of the codes that the database decides, in
// the order in which they are tested.
var databaseExplanations = []Explanation{
	{
		Code:    linker.RecordingNotFound,
		Meaning: "No recording has this recordingId.",
		Cause:   "The id belongs to another system or organization, is misspelt, or the recording has not reached the platform yet.",
		Remedy:  "Compare the id with the platform's export of recordings; the message names a near miss when there is one, and says when the value is no id at all (NULL, a web address, a formula). Such a row, and one whose id has not the form of the platform's ids, also withholds a prune. For recordings still to come, run the rejects file again later.",
		Example: "R-17 where the recording is r-17: ids are matched exactly.",
		Do:      "check the ids, or run the rejects again later",
		When:    "the recording reaches the platform",
	},
	{
		Code:    linker.RecordingDeleted,
		Meaning: "The recording exists but is deleted.",
		Cause:   "It was deleted after the file was made.",
		Remedy:  "Remove the row, or restore the recording on the platform.",
		Example: "r-17 was deleted yesterday; the export is from last week.",
		Do:      "remove the rows",
	},
	{
		Code:    linker.ConnectionNotFound,
		Meaning: "No connection has this integrationConnectionId.",
		Cause:   "The id is misspelt, is that of another environment or organization, or the connection was removed.",
		Remedy:  "Take the id from the platform's list of connections. When all rows are wrong the value usually comes from one --set.",
		Example: "The id of the staging environment in a file for production.",
		Do:      "check the connection id",
	},
	{
		Code:    linker.EntityNotFound,
		Meaning: "No CRM row has this id, or none of this type has this externalId in the connection.",
		Cause:   "The CRM row is not synced yet, the id is of another type or connection, id and externalId were mixed up, or the id has lost letter case or leading zeros.",
		Remedy:  "Read the message: it names the near miss when there is one, and says when a Salesforce id has a wrong checksum. Rows still to be synced go through when run again later.",
		Example: `0015g00000AbCdEAAX with dataType CONTACT: ids that begin with 001 are accounts.`,
		Do:      "see the near miss in the message, or run again after the next CRM sync",
		When:    "the CRM sync brings the row",
	},
	{
		Code:    linker.OrganizationMismatch,
		Meaning: "The recording and the CRM row belong to different organizations.",
		Cause:   "Files of two customers were mixed, or the connection belongs to another organization.",
		Remedy:  "Correct the row; a link across organizations is never made. Run files of one customer with --organization.",
		Example: "A recording of one customer with a contact of another.",
		Do:      "do not mix customers in one row; use --organization",
	},
	{
		Code:    linker.EntityMerged,
		Meaning: "The CRM row was merged into another one.",
		Cause:   "Duplicates were merged in the CRM after the file was made.",
		Remedy:  "Use --follow-merges to link the row that survived, or name that row. A chain of merges that runs in a circle or ends nowhere must be fixed in the CRM and synced.",
		Example: "Contact e-4 was merged into e-9: the link belongs to e-9.",
		Do:      "use --follow-merges or name the surviving rows",
	},
	{
		Code:    linker.DataTypeMismatch,
		Meaning: "The CRM row with this id is of another type than dataType says.",
		Cause:   "dataType is wrong for the row, or was given for all rows with --set.",
		Remedy:  "Correct dataType, or the id.",
		Example: "id e-4 is a LEAD and the row says CONTACT.",
		Do:      "correct dataType",
	},
	{
		Code:    linker.ConnectionMismatch,
		Meaning: "The CRM row with this id is not in the connection that the row names.",
		Cause:   "integrationConnectionId is wrong, or the row it was merged into is in another connection.",
		Remedy:  "Correct integrationConnectionId, or leave it empty: with id it is not needed.",
		Example: "id e-4 is in connection c-2 and the row says c-1.",
		Do:      "correct integrationConnectionId or leave it empty",
	},
	{
		Code:    linker.EntityDeleted,
		Meaning: "The CRM row exists but is deleted.",
		Cause:   "It was deleted in the CRM after the file was made.",
		Remedy:  "Name another CRM row or remove the row. When it was restored in the CRM, wait for the next sync and run again.",
		Example: "Opportunity e-4 was deleted in the CRM last week.",
		Do:      "name another CRM row or remove the rows",
	},
}
