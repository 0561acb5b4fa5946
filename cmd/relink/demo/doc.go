// Package demo makes the data of relink demo: a small platform with two
// organizations, their CRMs and recordings, and a file of links as a person
// would export it, with good rows and realistic faults mixed.
//
// Everything is made from a fixed seed: the data is the same on every machine
// and in every run.
package demo
