// Package app is what the commands share: the terminal and the environment, the
// database selected by flags or environment, and the input of a command. Each
// group of commands (package main, admin, inspect, servecmd) builds on an App.
package app
