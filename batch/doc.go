// Package batch takes a run from its input to its report. The stages follow
// each other; what each one reads and writes:
//
//	stage    source.Reader → Attempt.Stage     every record is read, checked and
//	                                           copied to the run's working table
//	plan     Attempt.Plan → linker.Plan        the database decides every row
//	guard    linker.Guard.Judge(plan)          refuses a plan that changes too much
//	apply    Attempt.Apply                     writes the links, batch by batch
//	report   source.Reader + Attempt.Results   the input is read again and joined
//	                                           with the result of each row
//	finish   Job.Finish, Attempt.Save          the other files, then the run's
//	                                           record
//
// A [Job] owns the run's record and decides which stage comes next, when a
// stage is retried and when the run stops. An [Attempt] is the database's side
// of one try: it owns the connection and the locks, and is closed before the
// next try opens. A [Report] owns its files until Commit. The [Progress]
// belongs to the Job; anyone may read it.
//
// The package contains no SQL, no report format and no terminal output: the
// database and the report are interfaces, declared here where they are used.
// Package source turns bytes into records, package conflict finds rows that
// contradict each other, and package send makes runs through the HTTP API of a
// platform. [Validate] is the run that needs no database.
//
// The terms used here and in the database:
//
//	row         a record of the input and its number, from 1
//	fault       why a row is rejected without asking the database
//	outcome     what became of a row; the code says why
//	conflict    rows of one recording that ask for different CRM rows
//	repeat      a row that asks for the same as an earlier one
//	survivor    the CRM row that a merge left
//	near miss   what the database has in place of an id that it lacks
//	lane        one of the connections that apply at the same time
//	scope       the links that a reconciliation compares with the file
//	extra       a link in scope that the file does not mention
//	mark        run and row number, kept with each link: what has been done
//	fence       waiting until no lane of a dead run can still commit
//	attempt     one try at a run, from opening the database to closing it
//
// A record that cannot be read is a record with a fault, not an error: the
// number of rows read always equals the number of rows reported. An error stops
// the run.
package batch
