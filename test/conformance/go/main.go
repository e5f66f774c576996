// The Go clients: one check a process, named by the first argument; exit status 0 when it holds.
//
// usage: clients LIBRARY-CHECK BOOTSTRAP TOPIC [GROUP STRATEGY]
package main

import (
	"fmt"
	"os"
	"reflect"
	"time"
)

const wait = 30 * time.Second

var checks = map[string]func(bootstrap, topic string) error{
	"sarama-admin":   saramaAdmin,
	"sarama-produce": saramaProduce,
	"sarama-group":   saramaGroup,
	"sarama-times":   saramaTimes,
	"franz-admin":    franzAdmin,
	"franz-produce":  franzProduce,
	"franz-group":    franzGroup,
	"franz-times":    franzTimes,
}

var members = map[string]func(bootstrap, topic, group, strategy string) error{
	"sarama-member": saramaMember,
	"franz-member":  franzMember,
}

func main() {
	name, bootstrap, topic := os.Args[1], os.Args[2], os.Args[3]
	var err error
	if member, ok := members[name]; ok {
		err = member(bootstrap, topic, os.Args[4], os.Args[5])
	} else {
		err = checks[name](bootstrap, topic)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// expect gives an error with both values in words when they differ.
func expect(what string, found, wanted any) error {
	if reflect.DeepEqual(found, wanted) {
		return nil
	}
	return fmt.Errorf("%s: expected %v, found %v", what, wanted, found)
}

// first gives the first error of several, all of which have been looked at.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// eventually asks until there is no error, or gives the last one.
func eventually(try func() error) error {
	deadline := time.Now().Add(wait)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}
