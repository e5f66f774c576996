// franz-go (kgo, kadm): admin, produce, consume in a group, offsets by time.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func franzContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), wait)
}

func franzCreate(
	ctx context.Context, bootstrap, topic string, partitions int32,
) (*kadm.Client, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return nil, err
	}
	admin := kadm.NewClient(client)
	// Some records have times that no retention would keep.
	configs := map[string]*string{"retention.ms": kadm.StringPtr("-1")}
	_, err = admin.CreateTopic(ctx, partitions, 1, configs, topic)
	return admin, err
}

func franzAdmin(bootstrap, topic string) error {
	ctx, cancel := franzContext()
	defer cancel()
	admin, err := franzCreate(ctx, bootstrap, topic, 2)
	if err != nil {
		return err
	}
	defer admin.Close()
	updated, err := admin.UpdatePartitions(ctx, 3, topic)
	if err := first(err, updated.Error()); err != nil {
		return err
	}
	topics, err := admin.ListTopics(ctx, topic)
	if err := first(err, topics.Error()); err != nil {
		return err
	}
	retention := "7777"
	set := kadm.AlterConfig{Op: kadm.SetConfig, Name: "retention.ms", Value: &retention}
	altered, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{set}, topic)
	if err != nil {
		return err
	}
	for _, each := range altered {
		if each.Err != nil {
			return each.Err
		}
	}
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return err
	}
	value := ""
	for _, config := range configs[0].Configs {
		if config.Key == "retention.ms" {
			value = config.MaybeValue()
		}
	}
	metadata, err := admin.BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	dirs, err := admin.DescribeAllLogDirs(ctx, kadm.TopicsSet{topic: {0: {}}})
	if err != nil {
		return err
	}
	deleted, err := admin.DeleteTopics(ctx, topic)
	return first(
		err,
		deleted.Error(),
		expect("partitions", len(topics[topic].Partitions), 3),
		expect("retention.ms", value, retention),
		expect("brokers", metadata.Brokers.NodeIDs(), []int32{1}),
		expect("brokers with log directories", len(dirs), 1),
	)
}

func franzProduce(bootstrap, topic string) error {
	ctx, cancel := franzContext()
	defer cancel()
	admin, err := franzCreate(ctx, bootstrap, topic, 1)
	if err != nil {
		return err
	}
	defer admin.Close()
	codecs := []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(),
		kgo.Lz4Compression(), kgo.ZstdCompression(),
	}
	for number, codec := range codecs {
		if err := franzSend(ctx, bootstrap, topic, codec, 20); err != nil {
			return fmt.Errorf("codec %d: %w", number, err)
		}
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	records, err := franzRead(ctx, client, 20*len(codecs))
	if err != nil {
		return err
	}
	for number, record := range records {
		err := first(
			expect("offset", record.Offset, int64(number)),
			expect("value", string(record.Value), fmt.Sprintf("value %d", number%20)),
			expect("key", string(record.Key), fmt.Sprintf("key-%d", number%20)),
			expect("headers", len(record.Headers), 1),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// franzSend sends records, idempotently as this client does unless told otherwise.
func franzSend(
	ctx context.Context, bootstrap, topic string, codec kgo.CompressionCodec, count int,
) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap), kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(kgo.RoundRobinPartitioner()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	var records []*kgo.Record
	for number := range count {
		records = append(records, &kgo.Record{
			Topic:   topic,
			Key:     fmt.Appendf(nil, "key-%d", number),
			Value:   fmt.Appendf(nil, "value %d", number),
			Headers: []kgo.RecordHeader{{Key: "number", Value: fmt.Append(nil, number)}},
		})
	}
	return client.ProduceSync(ctx, records...).FirstErr()
}

// franzRead gives the next records, as many as that.
func franzRead(ctx context.Context, client *kgo.Client, count int) ([]*kgo.Record, error) {
	var records []*kgo.Record
	for len(records) < count {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return nil, fmt.Errorf("after %d of %d records: %w", len(records), count, err)
		}
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, errs[0].Err
		}
		records = append(records, fetches.Records()...)
	}
	return records, expect("records read", len(records), count)
}

func franzJoin(bootstrap, topic, group string, options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}, options...)...)
}

func franzGroup(bootstrap, topic string) error {
	ctx, cancel := franzContext()
	defer cancel()
	admin, err := franzCreate(ctx, bootstrap, topic, 3)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := franzSend(ctx, bootstrap, topic, kgo.NoCompression(), 30); err != nil {
		return err
	}
	one, err := franzJoin(bootstrap, topic, topic)
	if err != nil {
		return err
	}
	if _, err := franzRead(ctx, one, 30); err != nil {
		return err
	}
	if err := one.CommitUncommittedOffsets(ctx); err != nil {
		return err
	}
	two, err := franzJoin(bootstrap, topic, topic) // the default balancer is cooperative-sticky
	if err != nil {
		return err
	}
	err = eventually(func() error {
		described, err := admin.DescribeGroups(ctx, topic)
		if err != nil {
			return err
		}
		var counts []int
		for _, member := range described[topic].Members {
			if assigned, ok := member.Assigned.AsConsumer(); ok {
				for _, topic := range assigned.Topics {
					counts = append(counts, len(topic.Partitions))
				}
			}
		}
		return first(
			expect("state", described[topic].State, "Stable"),
			expect("members with partitions", len(counts), 2),
		)
	})
	one.Close()
	two.Close()
	if err != nil {
		return err
	}
	if err := franzSend(ctx, bootstrap, topic, kgo.NoCompression(), 6); err != nil {
		return err
	}
	three, err := franzJoin(bootstrap, topic, topic)
	if err != nil {
		return err
	}
	defer three.Close()
	if _, err := franzRead(ctx, three, 6); err != nil {
		return err
	}
	if err := three.CommitUncommittedOffsets(ctx); err != nil {
		return err
	}
	lags, err := admin.Lag(ctx, topic)
	return first(err, expect("lag", lags[topic].Lag.Total(), int64(0)))
}

func franzTimes(bootstrap, topic string) error {
	ctx, cancel := franzContext()
	defer cancel()
	admin, err := franzCreate(ctx, bootstrap, topic, 1)
	if err != nil {
		return err
	}
	defer admin.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return err
	}
	defer client.Close()
	for _, second := range []int64{1, 2, 3} {
		record := &kgo.Record{Topic: topic, Timestamp: time.Unix(second, 0)}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
			return err
		}
	}
	var found []int64
	for _, timestamp := range []int64{0, 1500, 3000, 3001} {
		listed, err := admin.ListOffsetsAfterMilli(ctx, timestamp, topic)
		if err := first(err, listed.Error()); err != nil {
			return err
		}
		offset, _ := listed.Lookup(topic, 0)
		found = append(found, offset.Offset)
	}
	// Where no record is that late, this client asks for the end.
	if err := expect("offsets by time", found, []int64{0, 1, 2, 3}); err != nil {
		return err
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, 2, -1)
	deleted, err := admin.DeleteRecords(ctx, offsets)
	if err := first(err, deleted.Error()); err != nil {
		return err
	}
	starts, err := admin.ListStartOffsets(ctx, topic)
	start, _ := starts.Lookup(topic, 0)
	return first(err, expect("start after deletion", start.Offset, int64(2)))
}
