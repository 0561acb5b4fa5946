// Package engine decides which links a run makes and clears, and applies it:
// Session is one attempt at a run and holds its locks and connections; Single
// does for one recording, for the HTTP operation, what a run does for a row.
// The statements are in package sql, the records of runs in package postgres.
//
// # Tables
//
// It reads recordings, integration_connections, crm_entities and
// recording_links of the platform, and writes only to recording_links: it
// inserts links, and clears them by setting cleared_at and cleared_trigger. It
// alters none of them. relink's own tables are in schema relink: runs, marks,
// and the working tables run_ID_NAME of a run, which are UNLOGGED and dropped
// when the run is done:
//
//	name           filled by                          read by
//	staged         Stage (COPY), a row a record       the plan, results_staged
//	doubts         Stage: what speaks against a prune the plan (scope.go)
//	plan           resolve.sql, then changed in turn  everything after it
//	alternate_ids  the second look: forms of ids      retry_alternates, near_asked
//	retry          rows that are resolved once more   resolve.sql, in staged's place
//	marked         the marks of this or the run that  applied, extras, groups_scope,
//	               is reverted                        unattempted
//	applied        marked, with the links themselves  final, revert
//	to_revert      the same of the reverted run       revert
//	repeated       recordings that several rows name  conflicts
//	extras         links in scope that the file does  prune, groups_scope,
//	               not mention                        results_extras
//	asked, near    ids that were not found            the plan's details
//	changes        the work list, in order of CRM row the lanes, by place (ctid)
//	outcomes       lanes: what ended unlike the plan  results
//
// # A plan
//
// resolve.sql is the rule for the rows of a file, for those that are looked up
// a second time (other forms of Salesforce ids, survivors of merges) and for
// the HTTP operation. A plan depends on the staged rows, the marks of the run
// and the current content of the platform's tables, never on an earlier plan:
// so a resume plans everything again except the rows with marks. Those are
// final: outcome, CRM row and previous link come from the marks alone.
//
// # Writing
//
// Lanes are ranges of the work list's blocks, a connection each, so that no two
// share a recording. A batch is one transaction in READ COMMITTED, whose
// statements each see what others have committed. On the fast path it clears by
// the planned link ids and inserts plainly, and both counts must be the plan's;
// else it is rolled back and takes the slow path (slowpath.go): lock the CRM rows
// FOR KEY SHARE in id order, lock the links in the way in order of recordings,
// clear, insert with ON CONFLICT DO NOTHING, look again, in rounds. lock_timeout
// of a lane is below deadlock_timeout: relink gives way to the platform.
//
// Marks (relink.marks) are written in the transaction that changes the links:
// run, row (null for a prune), recording, link made, link cleared, and the link
// that the new one replaces. They are found by run. A run number that has marks
// before its run has written anything is refused: see
// postgres.ForeignMarksError.
//
// # Locks between runs
//
// Locks are session advisory locks, per platform: runs of different schemas do
// not affect each other. The leader of the one writing run holds the run lock.
// Every lane holds the fence shared; a new leader takes it exclusively once, so
// that no backend of a dead run can still commit, and releases it for its own
// lanes. The lock "alive", with the run's id, distinguishes a working run from
// a dead one. A leader that loses its connection stops its lanes before its
// locks can be taken.
//
// # Whose functions are called
//
// The first statement of every session sets search_path to pg_catalog, pg_temp;
// statements name tables with their schema, by one renderer (package sql, with
// platform's functions). Only the statements that fire the platform's own triggers
// (those of sql/apply that write, with a note that says so) run with the platform's
// path, from pg.SetPath to pg.ResetPath or the commit, where deferred triggers
// fire. Every function, operator and type in them is named with pg_catalog: whoever
// may create in a schema of that path must not have anything of hers called.
// TestNothingInTheSearchPathIsCalled sets a trap for each.
//
// # Platforms
//
// A statement that reads names platform.TABLE and gets the table as the reference has
// it: the table itself, or a simple query that PostgreSQL inlines (platform.Table).
// One that writes names {{links}}, and leaves the rest to functions of platform: the
// columns of a new link, how one is cleared, what is current. Working tables hold
// relink's own words for data types and triggers.
//
// Where a link is cleared by deleting it, the work list and the marks hold what it
// was: a resume, a revert and a history read it from the marks. Where no unique index
// keeps one current link of a recording, every batch takes the slow path and locks its
// recordings first (one_current.go).
//
// Ids keep the platform's types. Working tables take the types from the catalog
// (platform.Platform), COPY sends values of them, and text that is not a value
// of its type goes into the columns unfit_*: it is not found, and proves no
// absence.
package engine
