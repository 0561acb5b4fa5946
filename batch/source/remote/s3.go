package remote

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

type s3Object struct {
	name, bucket, key string
	client            *minio.Client
}

// newS3Client takes endpoint, region and credentials from the same places as
// the AWS tools: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION,
// AWS_DEFAULT_REGION, the AWS_* keys, the profile in ~/.aws, the instance role.
func newS3Client(name string) (*minio.Client, error) {
	endpoint, secure := "s3.amazonaws.com", true
	if given := firstOf(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")); given != "" {
		u, err := url.Parse(given)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, &Error{
				Name: name, What: "AWS_ENDPOINT_URL is not the address of a server",
				Do: "write it like https://storage.example.com",
			}
		}
		endpoint, secure = u.Host, u.Scheme == "https"
	}
	client, err := minio.New(endpoint, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{},
			&credentials.FileAWSCredentials{},
			&credentials.IAM{Client: &http.Client{Transport: http.DefaultTransport}},
		}),
		Secure: secure,
		Region: firstOf(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		// The loop around the transfer retries, and reports it.
		MaxRetries: 1,
	})
	if err != nil {
		return nil, &Error{Name: name, What: "preparing the S3 client", Err: err}
	}
	return client, nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func newS3(_ context.Context, u *url.URL, name string) (object, error) {
	key := strings.TrimPrefix(u.Path, "/")
	if u.Host == "" || key == "" || strings.HasSuffix(key, "/") {
		return nil, &Error{Name: name, What: "the address names no object", Do: "write it like s3://bucket/folder/links.csv"}
	}
	client, err := newS3Client(name)
	if err != nil {
		return nil, err
	}
	return &s3Object{name: name, bucket: u.Host, key: key, client: client}, nil
}

func (o *s3Object) stat(ctx context.Context) (Origin, error) {
	info, err := o.client.StatObject(ctx, o.bucket, o.key, minio.StatObjectOptions{})
	if err != nil {
		return Origin{}, o.judge(err)
	}
	version := info.ETag
	if info.VersionID != "" {
		version += " " + info.VersionID
	}
	return Origin{Name: o.name, Version: version, Size: info.Size}, nil
}

func (o *s3Object) open(ctx context.Context, version string, offset int64) (io.ReadCloser, int64, error) {
	opt := minio.GetObjectOptions{}
	tag, _, _ := strings.Cut(version, " ")
	if err := opt.SetMatchETag(tag); err != nil {
		return nil, 0, final(err)
	}
	if offset > 0 {
		if err := opt.SetRange(offset, 0); err != nil {
			return nil, 0, final(err)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	core := minio.Core{Client: o.client}
	body, info, _, err := core.GetObject(ctx, o.bucket, o.key, opt)
	if err != nil {
		cancel(nil)
		return nil, 0, o.judge(err)
	}
	if info.ETag != tag { // not every store honours If-Match
		body.Close()
		cancel(nil)
		return nil, 0, changed(o.name)
	}
	s := &stalling{body: body, cancel: cancel}
	s.start()
	return s, offset, nil
}

// judge converts the store's answer to an error and marks those that are final.
func (o *s3Object) judge(err error) error {
	name := o.name
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return &Error{Name: name, What: "asking the store", Err: err}
	}
	e := &Error{Name: name, What: "the store answers " + firstOf(answer.Code, http.StatusText(answer.StatusCode)), Err: err}
	switch {
	case answer.StatusCode == http.StatusPreconditionFailed, answer.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return changed(name)
	case answer.Code == "NoSuchBucket":
		e.What, e.Err, e.Do = "there is no such bucket", nil, "check the address and the endpoint (AWS_ENDPOINT_URL)"
	case answer.StatusCode == http.StatusNotFound:
		e.What, e.Err, e.Do = "there is no such object", nil, "check the address"
	case answer.Code == "ExpiredToken" || answer.Code == "ExpiredTokenException":
		e.What, e.Do = "the credentials have expired", "renew AWS_SESSION_TOKEN or the profile's session"
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized:
		e.Do = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the instance's role, and that it may read the object"
	case answer.StatusCode >= 500, answer.StatusCode == http.StatusTooManyRequests, answer.Code == "SlowDown", answer.Code == "RequestTimeout":
		return e
	}
	return final(e)
}

func (o *s3Object) close() error { return nil }
