package explain

import (
	"relink/linker"
)

// runExplanations are the texts of the codes that depend on the other rows, on
// the run's scope, on concurrent changes by others, or on a server's answer, in
// the order in which they are tested.
var runExplanations = []Explanation{
	{
		Code:    linker.ConflictingRows,
		Meaning: "Several rows ask for different CRM rows for the same recording.",
		Cause:   "A recording has one link; the file holds its history, or was put together from several exports.",
		Remedy:  "Keep one row for each recording; the message names the others. When the file is in order of time, --on-conflict last lets the last row win.",
		Example: "Line 4 links r-17 to e-4, line 9 links r-17 to e-9: both are rejected.",
		Do:      "keep one row for each recording, or use --on-conflict last",
	},
	{
		Code:    linker.OutOfScope,
		Meaning: "The CRM row is outside the scope that is reconciled.",
		Cause:   "The file holds rows of another connection, type or organization than --connection, --data-type or --organization name.",
		Remedy:  "Remove the row, or widen the scope when the file is the truth for that part too.",
		Example: "reconcile --data-type CONTACT with a row for an ACCOUNT.",
		Do:      "remove the rows or widen the scope",
	},
	{
		Code:    linker.LinkedElsewhere,
		Meaning: "The recording is linked now, outside the scope that is reconciled.",
		Cause:   "Another file or a person linked it to a CRM row of another connection, type or organization.",
		Remedy:  "Remove the row when the present link is right, or use --take-over to replace it.",
		Example: "r-17 is linked in connection c-2, and only c-1 is reconciled.",
		Do:      "decide which link is right; --take-over replaces the present one",
	},
	{
		Code:    linker.LostRace,
		Meaning: "Others changed the recording's link each time the run tried to.",
		Cause:   "Another program links the same recordings at the same time.",
		Remedy:  "Run the rejects file again when the other program is done.",
		Example: "A CRM matching job and the import fight over r-17.",
		Do:      "run the rejects again",
		When:    "the other program is done",
	},
	{
		Code:    linker.TargetGone,
		Meaning: "The CRM row was there when the run was planned and was removed before the link was made.",
		Cause:   "The CRM sync removed the row while the run wrote.",
		Remedy:  "Run the rejects file again; when the row is gone for good it then gets entity_not_found.",
		Example: "e-4 was purged between plan and write.",
		Do:      "run the rejects again after the CRM sync",
		When:    "the CRM sync brings the row back",
	},
	{
		Code:    linker.Locked,
		Meaning: "Another session held a lock that the run needed, for longer than the run waits.",
		Cause:   "A long transaction on the platform; relink gives way rather than hold it up.",
		Remedy:  "Run the rejects file again. When it happens often, look for sessions that are idle in transaction.",
		Example: "A CRM sync that upserts thousands of rows in one transaction.",
		Do:      "run the rejects again",
		When:    "the other session ends its transaction",
	},
	{
		Code:    linker.DatabaseRefused,
		Meaning: "A constraint or a trigger of the platform's own tables refused the link.",
		Cause:   "The platform has a rule of its own for links, beyond those that relink knows.",
		Remedy:  "Read what the database said in the message, and fix the row or ask the platform's administrator.",
		Example: "A trigger that raises an exception for recordings under legal hold.",
		Do:      "read what the database said in the message",
	},
	{
		Code:    linker.NotFound,
		Meaning: "The server says that the recording, the connection or the CRM row does not exist.",
		Cause:   "An id is wrong, is not synced yet, or belongs to another organization than the token.",
		Remedy:  "Check the ids of the row and the organization of the token. An import with --database says which of the three is missing.",
		Example: "A token of one customer with recordings of another.",
		Do:      "check the ids and the token's organization",
		When:    "the recording or the CRM row reaches the platform",
	},
	{
		Code:    linker.ServerError,
		Meaning: "The server could not say whether the row can be linked.",
		Cause:   "It was down, overloaded, or had a fault of its own, and stayed so through all attempts.",
		Remedy:  "Run the rejects file again; give the server's answer in the message to its operators when it stays.",
		Example: "503 Service Unavailable on every attempt.",
		Do:      "run the rejects again",
		When:    "the server answers again",
	},
}
