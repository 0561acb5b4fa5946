//go:build !man

package main

import "github.com/spf13/cobra"

// buildCommands are those of cmd_man.go.
func (a *commands) buildCommands() []*cobra.Command { return nil }
