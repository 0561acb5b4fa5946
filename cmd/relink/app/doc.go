// Package app is what the commands share: the terminal and the environment, the
// database that flags or environment name, the input that a command reads. Each
// group of commands (package main, admin, inspect, servecmd) builds on an App.
package app
