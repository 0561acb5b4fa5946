// Package webhook delivers messages to a URL, signed by the scheme of
// https://www.standardwebhooks.com when there is a secret. It retries while
// that may help, follows no redirect, and never puts the URL into an error: its
// path may be a secret.
package webhook
