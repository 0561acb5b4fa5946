package flags

import (
	"github.com/spf13/pflag"

	"relink/linker"
)

// Known returns the words that a flag's value can be or begin with, nil when
// there are too many to list, for shell completion.
func Known(f *pflag.Flag) []string {
	switch f.Name {
	case "log-format":
		return []string{"text", "json"}
	case "set":
		return known()
	}
	switch v := f.Value.(type) {
	case word:
		return v.words
	case words:
		return v.set
	}
	return nil
}

// known lists the possible values of --set: fields, and those with fixed values
// together with each value.
func known() (list []string) {
	for _, name := range linker.FieldNames() {
		field, _ := linker.ParseField(name)
		switch field {
		case linker.FieldDataType:
			for _, w := range linker.DataTypes {
				list = append(list, name+"="+w)
			}
		case linker.FieldTrigger:
			for _, w := range linker.Triggers {
				list = append(list, name+"="+w)
			}
		default:
			list = append(list, name+"=")
		}
	}
	return list
}
