// Package folder manages the files of runs: a folder for each run, files that
// get their name only when they are complete, and their compression. Folders
// are 0700 and files 0600, or readable by a group: see Share.
package folder
