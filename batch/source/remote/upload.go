package remote

import (
	"context"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
)

// contentTypes are those that a browser needs to show a file; others are bytes.
var contentTypes = map[string]string{
	".csv": "text/csv", ".jsonl": "application/x-ndjson", ".json": "application/json", ".html": "text/html; charset=utf-8",
}

// Upload copies files of the folder dir to an S3 store, below the address and
// the folder's own name, in the order of names: whoever waits for the last one
// (summary.json) finds the others. done, when not nil, is told the address of
// each file that is there.
func Upload(ctx context.Context, dir, address string, names []string, done func(address string)) error {
	to := Name(address)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return &Error{Name: to, What: "a run's folder can be uploaded to an S3 store only", Do: "write the address like s3://bucket/relink-runs/"}
	}
	client, err := newS3Client(to)
	if err != nil {
		return err
	}
	prefix := path.Join(strings.TrimPrefix(u.Path, "/"), filepath.Base(dir))
	for _, name := range names {
		key := path.Join(prefix, filepath.ToSlash(name))
		opt := minio.PutObjectOptions{ContentType: contentTypes[filepath.Ext(name)]}
		if _, err := client.FPutObject(ctx, u.Host, key, filepath.Join(dir, name), opt); err != nil {
			return judgeS3("s3://"+u.Host+"/"+key, err)
		}
		if done != nil {
			done("s3://" + u.Host + "/" + key)
		}
	}
	return nil
}
