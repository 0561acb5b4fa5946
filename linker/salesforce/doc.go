// Package salesforce knows the two forms of a Salesforce id, of 15 and 18
// characters, and the checksum that leads from one to the other.
package salesforce
