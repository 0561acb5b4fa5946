// Package webhook delivers messages to a URL that somebody else listens at, signed
// by the scheme of https://www.standardwebhooks.com when there is a secret. It
// tries again while that may help, follows no redirect, and puts no URL into an
// error: what stands behind the host may be a secret.
package webhook
