package httpapi

import (
	"time"

	"relink/linker"
)

// The formats of the answers. Other people's programs depend on them; the
// OpenAPI description matches them and is tested against them.

// linked answers a PUT.
type linked struct {
	Data   data     `json:"data"`
	Relink relinked `json:"relink"`
}

// data is the CRM row that the recording is linked to.
type data struct {
	ID             string     `json:"id"`
	ExternalID     string     `json:"externalId"`
	DataType       string     `json:"dataType"`
	Name           *string    `json:"name"`
	LastActivityAt *time.Time `json:"lastActivityAt"`
}

// relinked describes what the PUT did.
type relinked struct {
	Outcome          linker.Outcome `json:"outcome"`
	PreviousEntityID *string        `json:"previousEntityId"`
	PreviousDataType *string        `json:"previousDataType"`
}

// unlinked answers a DELETE: whether there was such a link.
type unlinked struct {
	Data bool `json:"data"`
}

// problem is every answer that is not a success.
type problem struct {
	Error   string  `json:"error"`
	Details details `json:"details"`
}

type details struct {
	Code   string  `json:"code"`
	Errors []fault `json:"errors"`
}

// fault is one of the things that are wrong with a request.
type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}
