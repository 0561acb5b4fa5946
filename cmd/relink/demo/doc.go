// Package demo makes the world of relink demo: a small platform with two
// organizations, their CRMs and recordings, and a file of links as a person
// would export it, good rows and real-life faults mixed.
//
// Everything is made of a fixed seed: the world is the same on every machine
// and in every run.
package demo
