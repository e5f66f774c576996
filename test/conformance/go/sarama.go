// Sarama: admin, produce, consume in a group, offsets by time.
package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
)

func saramaConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Producer.Return.Successes = true
	config.Consumer.Return.Errors = true
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	return config
}

func saramaCreate(bootstrap, topic string, partitions int32) (sarama.ClusterAdmin, error) {
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, saramaConfig())
	if err != nil {
		return nil, err
	}
	// Some records have times that no retention would keep.
	forever := "-1"
	configs := map[string]*string{"retention.ms": &forever}
	detail := &sarama.TopicDetail{
		NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: configs,
	}
	return admin, admin.CreateTopic(topic, detail, false)
}

func saramaAdmin(bootstrap, topic string) error {
	admin, err := saramaCreate(bootstrap, topic, 2)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.CreatePartitions(topic, 3, nil, false); err != nil {
		return err
	}
	described, err := admin.DescribeTopics([]string{topic})
	if err != nil {
		return err
	}
	retention := "7777"
	set := sarama.IncrementalAlterConfigsEntry{
		Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &retention,
	}
	entries := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": set}
	err = admin.IncrementalAlterConfig(sarama.TopicResource, topic, entries, false)
	if err != nil {
		return err
	}
	resource := sarama.ConfigResource{
		Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"},
	}
	configs, err := admin.DescribeConfig(resource)
	if err != nil {
		return err
	}
	brokers, controller, err := admin.DescribeCluster()
	if err != nil {
		return err
	}
	return first(
		expect("partitions", len(described[0].Partitions), 3),
		expect("retention.ms", configs[0].Value, retention),
		expect("brokers", len(brokers), 1),
		expect("controller", controller, int32(1)),
		admin.DeleteTopic(topic),
	)
}

func saramaProduce(bootstrap, topic string) error {
	admin, err := saramaCreate(bootstrap, topic, 1)
	if err != nil {
		return err
	}
	defer admin.Close()
	codecs := []sarama.CompressionCodec{
		sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy,
		sarama.CompressionLZ4, sarama.CompressionZSTD,
	}
	for _, codec := range codecs {
		if err := saramaSend(bootstrap, topic, codec, 20); err != nil {
			return fmt.Errorf("%s: %w", codec, err)
		}
	}
	consumer, err := sarama.NewConsumer([]string{bootstrap}, saramaConfig())
	if err != nil {
		return err
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	if err != nil {
		return err
	}
	defer partition.Close()
	for number := range 20 * len(codecs) {
		select {
		case message := <-partition.Messages():
			value := fmt.Sprintf("%s value %d", codecs[number/20], number%20)
			err := first(
				expect("offset", message.Offset, int64(number)),
				expect("value", string(message.Value), value),
				expect("key", string(message.Key), fmt.Sprintf("key-%d", number%20)),
				expect("headers", len(message.Headers), 1),
			)
			if err != nil {
				return err
			}
		case err := <-partition.Errors():
			return err
		case <-time.After(wait):
			return fmt.Errorf("only %d records arrived", number)
		}
	}
	return nil
}

// saramaSend sends records one after the other, the LZ4 ones idempotently.
func saramaSend(bootstrap, topic string, codec sarama.CompressionCodec, count int) error {
	config := saramaConfig()
	config.Producer.Compression = codec
	config.Producer.RequiredAcks = sarama.WaitForAll
	if codec == sarama.CompressionLZ4 {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	producer, err := sarama.NewSyncProducer([]string{bootstrap}, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	for number := range count {
		_, _, err := producer.SendMessage(&sarama.ProducerMessage{
			Topic:   topic,
			Key:     sarama.StringEncoder(fmt.Sprintf("key-%d", number)),
			Value:   sarama.StringEncoder(fmt.Sprintf("%s value %d", codec, number)),
			Headers: []sarama.RecordHeader{{Key: []byte("codec"), Value: []byte(codec.String())}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// saramaHandler counts what its sessions own and read.
type saramaHandler struct {
	owned   atomic.Int32
	read    atomic.Int32
	onClaim func(partitions []int32)
	onRead  func(message *sarama.ConsumerMessage)
}

func (h *saramaHandler) Setup(session sarama.ConsumerGroupSession) error {
	var partitions []int32
	for _, claimed := range session.Claims() {
		partitions = append(partitions, claimed...)
	}
	h.owned.Store(int32(len(partitions)))
	if h.onClaim != nil {
		h.onClaim(partitions)
	}
	return nil
}

func (h *saramaHandler) Cleanup(sarama.ConsumerGroupSession) error {
	h.owned.Store(0)
	if h.onClaim != nil {
		h.onClaim(nil)
	}
	return nil
}

func (h *saramaHandler) ConsumeClaim(
	session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim,
) error {
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			session.MarkMessage(message, "")
			h.read.Add(1)
			if h.onRead != nil {
				h.onRead(message)
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

// saramaJoin consumes in the group until the function that it gives is called.
func saramaJoin(bootstrap, topic, group string, config *sarama.Config, h *saramaHandler) (func() error, error) {
	consumer, err := sarama.NewConsumerGroup([]string{bootstrap}, group, config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			if err := consumer.Consume(ctx, []string{topic}, h); err != nil {
				time.Sleep(100 * time.Millisecond)
			}
		}
	})
	running.Go(func() {
		for range consumer.Errors() { // shown by what is not read
		}
	})
	return func() error {
		cancel()
		err := consumer.Close()
		running.Wait()
		return err
	}, nil
}

func saramaGroup(bootstrap, topic string) error {
	admin, err := saramaCreate(bootstrap, topic, 3)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := saramaSend(bootstrap, topic, sarama.CompressionNone, 30); err != nil {
		return err
	}
	one, two := &saramaHandler{}, &saramaHandler{}
	leaveOne, err := saramaJoin(bootstrap, topic, topic, saramaConfig(), one)
	if err != nil {
		return err
	}
	err = eventually(func() error { return expect("records read", one.read.Load(), int32(30)) })
	if err != nil {
		return err
	}
	leaveTwo, err := saramaJoin(bootstrap, topic, topic, saramaConfig(), two)
	if err != nil {
		return err
	}
	err = eventually(func() error {
		more, less := max(one.owned.Load(), two.owned.Load()), min(one.owned.Load(), two.owned.Load())
		return expect("partitions of the two members", []int32{less, more}, []int32{1, 2})
	})
	if err := first(err, leaveOne(), leaveTwo()); err != nil {
		return err
	}
	if err := saramaSend(bootstrap, topic, sarama.CompressionNone, 5); err != nil {
		return err
	}
	three := &saramaHandler{}
	leaveThree, err := saramaJoin(bootstrap, topic, topic, saramaConfig(), three)
	if err != nil {
		return err
	}
	err = eventually(func() error { return expect("records read then", three.read.Load(), int32(5)) })
	if err := first(err, leaveThree()); err != nil {
		return err
	}
	offsets, err := admin.ListConsumerGroupOffsets(topic, map[string][]int32{topic: {0, 1, 2}})
	if err != nil {
		return err
	}
	committed := int64(0)
	for partition := range int32(3) {
		committed += max(0, offsets.GetBlock(topic, partition).Offset)
	}
	groups, err := admin.ListConsumerGroups()
	return first(
		err,
		expect("committed records", committed, int64(35)),
		expect("type of the group", groups[topic], "consumer"),
		admin.DeleteConsumerGroup(topic),
	)
}

func saramaTimes(bootstrap, topic string) error {
	admin, err := saramaCreate(bootstrap, topic, 1)
	if err != nil {
		return err
	}
	defer admin.Close()
	producer, err := sarama.NewSyncProducer([]string{bootstrap}, saramaConfig())
	if err != nil {
		return err
	}
	defer producer.Close()
	for _, second := range []int64{1, 2, 3} {
		_, _, err := producer.SendMessage(&sarama.ProducerMessage{
			Topic: topic, Value: sarama.StringEncoder("value"), Timestamp: time.Unix(second, 0),
		})
		if err != nil {
			return err
		}
	}
	client, err := sarama.NewClient([]string{bootstrap}, saramaConfig())
	if err != nil {
		return err
	}
	defer client.Close()
	asked := []int64{0, 1500, 3000, 3001, sarama.OffsetOldest, sarama.OffsetNewest}
	var found []int64
	for _, timestamp := range asked {
		offset, err := client.GetOffset(topic, 0, timestamp)
		if err != nil {
			return fmt.Errorf("offset at %d: %w", timestamp, err)
		}
		found = append(found, offset)
	}
	if err := expect("offsets by time", found, []int64{0, 1, 2, -1, 0, 3}); err != nil {
		return err
	}
	if err := admin.DeleteRecords(topic, map[int32]int64{0: 2}); err != nil {
		return err
	}
	oldest, err := client.GetOffset(topic, 0, sarama.OffsetOldest)
	return first(err, expect("offset after deletion", oldest, int64(2)))
}
