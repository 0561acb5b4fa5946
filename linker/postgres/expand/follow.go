package expand

import (
	"context"
	"io"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/sql"
)

// FollowOptions select the links to examine.
type FollowOptions struct {
	Run int64
	// Organization is the caller's: rows of others do not exist. "" for any.
	Organization string
	// Connections limit the CRM rows that the links are to; nil does not.
	Connections []string
}

// Follow writes the current links to CRM rows that are merged or deleted as rows of
// an import, CSV with a header, in bytewise order of recordings. Each asks for the
// CRM row that it is linked to: with linker.Rules.FollowMerges it is moved to the
// survivor, or refused where there is none.
func Follow(ctx context.Context, store *postgres.Store, o FollowOptions, links io.Writer) error {
	return expanded(ctx, store, o.Run, func(x *expansion) error {
		if _, err := x.exec(ctx, "followed", sql.OrNull(o.Organization), o.Connections, linker.Triggers); err != nil {
			return err
		}
		return x.copyTo(ctx, "links_file", links)
	})
}
