// Package postgres carries out runs in the platform's database, and links single
// recordings. All SQL of relink is below this folder: here the statements of a
// run, in sql/STAGE/NAME.sql; in pg connections and what the database's errors
// mean; in platform the names and types of one platform's tables; in dbcheck
// what they must be like.
//
// A Store keeps the list of runs, a Session works on one run, and a Single links
// one recording for the HTTP operation. What a link is, and every rule that
// needs no database, is package linker's.
//
// # Tables
//
// Read: recordings, integration_connections and crm_entities, which may be
// views. Read and written: recording_links, where a link is cleared and never
// deleted. No table of the platform is ever altered. Schema relink is ours:
//
//	runs    the record of each run: state, options, source, where it was made
//	marks   what a run did: run and row, the link made, the link cleared, and
//	        the link that the one made stands for (of a revert)
//
// A run has working tables as well, relink.run_<id>_<name>, which statements call
// run.<name>. They are UNLOGGED and dropped when the run is done:
//
//	staged         a row a record that Check read; filled by Stage (COPY), read by
//	               the plan. Its row count stands in relink.runs
//	doubts         why the file as a whole may not be complete; Stage, extras
//	plan           what each row asks for and what becomes of it; resolve.sql, and
//	               every later step of the plan changes it
//	alternate_ids  other forms of Salesforce ids that were not found
//	retry          rows that are resolved a second time, by those forms or as the
//	               survivor of a merge; resolve.sql runs over it as over staged
//	marked         the marks of a run, with statistics of their own
//	applied        what this run has done already, a row a recording; from marked
//	to_revert      the same of the run that a revert takes back
//	repeated       recordings that more than one row asks for; read by conflicts
//	asked, near    ids for which a near miss is looked for, and what was found
//	extras         reconcile: current links in scope that the file does not name
//	changes        the work list: a row a recording, in the order of CRM rows; read
//	               by the lanes, by place (ctid)
//	outcomes       rows that ended otherwise than planned; written by the lanes,
//	               joined by the results
//
// # Isolation and locks
//
// READ COMMITTED throughout: each statement sees what others have committed by
// then, and the slow path depends on it. Rows are locked in one order, CRM rows
// by id, then links by recording. Lanes set lock_timeout to 500 ms, below
// deadlock_timeout, so that relink gives way to the platform and not the other
// way round.
//
// A batch goes the fast path first: two statements by planned link id, whose
// counts must be those of the plan. Any difference or error rolls it back, and
// the slow path does it again, locking before it writes, in at most maxRounds
// rounds. A row is done when the database returned its new link, or when a later
// statement of the transaction saw its target current.
//
// Three advisory locks of sessions keep runs apart. The leader holds lockRun: one
// run writes at a time. Every lane holds lockFence shared, from before its first
// write; a new leader takes it once exclusively, and so waits until no backend of
// a dead run can still commit. lockAlive, with the run's id, tells a run that is
// running from one that died.
//
// # Resuming
//
// A mark is written in the transaction that changes the link, so it is there
// exactly when the change is. A row with a mark is final: its outcome and previous
// link come from the marks, whatever has become of them since, and it is never
// applied again. Everything else is planned anew from what is there now; no plan
// is ever taken over from a process that died. After a crash of the server, which
// empties UNLOGGED tables, the count of staged differs from that in relink.runs,
// and the file is staged again.
//
// # Whose functions run
//
// Every session begins with search_path = pg_catalog, pg_temp, and the platform's
// tables are named with their schema (see platform). So no function or operator
// that somebody else made in a schema of the path can be called. Only statements
// that fire the platform's own triggers run with the platform's path, because
// those triggers find their tables by it; these statements name every function,
// type and operator with pg_catalog.
//
// # Results
//
// results.sql does not repeat what is known: a null previous entity means the same
// entity as the row's, an empty one no link before; a null data type or recording id
// is none.
package postgres
