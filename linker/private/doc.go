// Package private reads and replaces files that hold secrets, and judges who
// else may read or write what relink is about to trust: tokens, keys, the URL
// of a database, the folder of a run.
//
// A secret is trusted only when nobody but its owner can read it, and its owner
// is this user or root. The rule is PostgreSQL's rule for server keys: a file
// of this user must be closed to everyone else (0600), one of root may be
// readable by a group (0640), which is how containers provide secrets.
package private
