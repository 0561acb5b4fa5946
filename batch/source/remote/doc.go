// Package remote copies an input from where it lives into a local file: an
// object of an S3 store (s3://bucket/key), a file on an SFTP server
// (sftp://user@host/path) or a web server's answer (https://host/path).
//
// Everything after the copy works on a regular file, so that the checksum,
// resume, the report's second reading and the rejects are the same for every
// source. An interrupted copy continues where it stopped, but only as long as
// the object is still the same (by its ETag, or by size and time of a file); an
// object that changes while it is read is an error, never a mixture.
//
// An address never contains a secret: passwords in it are refused, and what may
// be one (the query of a presigned address) is removed from every name that is
// shown. Credentials come from where the tools of each protocol look for them.
package remote
