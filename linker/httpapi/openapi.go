package httpapi

import _ "embed"

// openAPI describes the two operations. A test holds it against the handler.
//
//go:embed openapi.json
var openAPI string
