// Package expand makes rows of an import out of what is smaller: a map from old to
// new CRM rows, or what the CRM itself says has been merged. Each current link
// that is concerned becomes a row for its recording, which is applied only while
// the link is what it was (expectedEntityId). The road of an import does the rest:
// package engine decides the rows again, and nothing here changes a link.
//
// It works set by set in working tables of the run, and what it makes streams out.
package expand
