// Members of a mixed group: each says what it owns after every rebalance, and what it reads, until it is told to end.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

var output sync.Mutex

func say(words ...any) {
	output.Lock()
	defer output.Unlock()
	fmt.Println(words...)
}

func sayOwns(partitions []int32) {
	words := []any{"owns"}
	for _, partition := range partitions {
		words = append(words, partition)
	}
	say(words...)
}

func untilTold() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	return ctx
}

func saramaMember(bootstrap, topic, group, strategy string) error {
	config := saramaConfig()
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{
		map[string]sarama.BalanceStrategy{
			"range":      sarama.NewBalanceStrategyRange(),
			"roundrobin": sarama.NewBalanceStrategyRoundRobin(),
			"sticky":     sarama.NewBalanceStrategySticky(),
		}[strategy],
	}
	handler := &saramaHandler{
		onClaim: sayOwns,
		onRead: func(message *sarama.ConsumerMessage) {
			say("read", message.Partition, message.Offset)
		},
	}
	leave, err := saramaJoin(bootstrap, topic, group, config, handler)
	if err != nil {
		return err
	}
	<-untilTold().Done()
	return leave()
}

func franzMember(bootstrap, topic, group, strategy string) error {
	balancers := map[string]kgo.GroupBalancer{
		"range":              kgo.RangeBalancer(),
		"roundrobin":         kgo.RoundRobinBalancer(),
		"sticky":             kgo.StickyBalancer(),
		"cooperative-sticky": kgo.CooperativeStickyBalancer(),
	}
	owned := map[int32]bool{}
	sayAll := func() {
		var all []int32
		for partition := range owned {
			all = append(all, partition)
		}
		sayOwns(all)
	}
	owns := func(_ context.Context, _ *kgo.Client, assigned map[string][]int32) {
		for _, partition := range assigned[topic] {
			owned[partition] = true
		}
		sayAll()
	}
	lost := func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
		for _, partition := range gone[topic] {
			delete(owned, partition)
		}
		sayAll()
	}
	client, err := franzJoin(
		bootstrap, topic, group,
		kgo.Balancers(balancers[strategy]),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(500*time.Millisecond),
		kgo.OnPartitionsAssigned(owns), kgo.OnPartitionsRevoked(lost), kgo.OnPartitionsLost(lost),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := untilTold()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		for _, fetchErr := range fetches.Errors() {
			if ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, fetchErr.Err)
			}
		}
		for _, record := range fetches.Records() {
			say("read", record.Partition, record.Offset)
		}
	}
	return nil
}
