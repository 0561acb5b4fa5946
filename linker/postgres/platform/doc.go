// Package platform knows how one platform's tables are called and what their
// columns hold, and writes that into the statements of package postgres. It runs
// no statement of its own but the look into the catalog.
package platform
