package linker

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// CodesInSource are the constants of type Code in errors.go, in order, so that a
// code added there and forgotten elsewhere is found.
var CodesInSource = codesInSource()

func codesInSource() (codes []Code) {
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		panic(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				panic(err)
			}
			codes = append(codes, Code(text))
		}
		return true
	})
	return codes
}
