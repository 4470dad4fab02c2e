// The driver of Go dynamolock: it is told what to do by lines of JSON on the standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"time"

	"cirello.io/dynamolock/v2"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// order is what the harness sends.
type order struct {
	Cmd, Name, Endpoint, Table, File string
	Wait                             bool
	LeaseMs, TimeoutMs               int
	Rounds                           int
	Data, Extra                      string
	Delete                           bool
	SortKey, SortValue               string
}

type answer map[string]any

var (
	client  *dynamolock.Client
	options order
	held    = map[string]*dynamolock.Lock{}
)

func ms(number int) time.Duration { return time.Duration(number) * time.Millisecond }

func open(o order) (answer, error) {
	options = o
	db := dynamodb.New(dynamodb.Options{
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		EndpointResolver: dynamodb.EndpointResolverFromURL(o.Endpoint),
	})
	settings := []dynamolock.ClientOption{
		dynamolock.WithLeaseDuration(ms(o.LeaseMs)),
		dynamolock.WithHeartbeatPeriod(ms(o.LeaseMs / 3)),
	}
	if o.SortKey != "" {
		settings = append(settings, dynamolock.WithSortKey(o.SortKey, o.SortValue))
	}
	var err error
	client, err = dynamolock.New(db, o.Table, settings...)
	return answer{}, err
}

func acquire(o order) (answer, error) {
	wishes := []dynamolock.AcquireLockOption{
		dynamolock.WithRefreshPeriod(ms(100)),
		dynamolock.WithAdditionalTimeToWaitForLock(ms(o.TimeoutMs)),
	}
	if !o.Wait {
		wishes = append(wishes, dynamolock.FailIfLocked())
	}
	if options.Delete {
		wishes = append(wishes, dynamolock.WithDeleteLockOnRelease())
	}
	if o.Data != "" {
		wishes = append(wishes, dynamolock.WithData([]byte(o.Data)), dynamolock.ReplaceData())
	}
	if o.Extra != "" {
		extra := map[string]types.AttributeValue{"extra": &types.AttributeValueMemberS{Value: o.Extra}}
		wishes = append(wishes, dynamolock.WithAdditionalAttributes(extra))
	}
	lock, err := client.AcquireLockWithContext(context.Background(), o.Name, wishes...)
	var refused *dynamolock.LockNotGrantedError
	if errors.As(err, &refused) {
		return answer{"held": false}, nil
	}
	if err != nil {
		return nil, err
	}
	held[o.Name] = lock
	return answer{"held": true}, nil
}

func release(o order) (answer, error) {
	lock := held[o.Name]
	delete(held, o.Name)
	if lock == nil {
		return answer{"released": false}, nil
	}
	released, err := client.ReleaseLockWithContext(context.Background(), lock)
	var lost *types.ConditionalCheckFailedException
	if errors.As(err, &lost) {
		err = nil
	}
	return answer{"released": released}, err
}

func count(o order) (answer, error) {
	for round := 0; round < o.Rounds; round++ {
		got, err := acquire(order{Name: o.Name, Wait: true, TimeoutMs: 30_000})
		if err != nil || got["held"] != true {
			return nil, fmt.Errorf("the lock was not granted: %v", err)
		}
		text, err := os.ReadFile(o.File)
		if err != nil {
			return nil, err
		}
		number, err := strconv.Atoi(string(text))
		if err != nil {
			return nil, err
		}
		time.Sleep(3 * time.Millisecond)
		if err := os.WriteFile(o.File, []byte(strconv.Itoa(number+1)), 0o600); err != nil {
			return nil, err
		}
		left, err := release(o)
		if err != nil || left["released"] != true {
			return nil, fmt.Errorf("the lock was lost: %v", err)
		}
		// The others look every 100 ms, and would hardly ever find it free.
		time.Sleep(ms(rand.Intn(30)))
	}
	return answer{"done": o.Rounds}, nil
}

// read answers what a lock's item says to this client, which does not take it.
func read(o order) (answer, error) {
	lock, err := client.GetWithContext(context.Background(), o.Name)
	if err != nil {
		return nil, err
	}
	return answer{"owner": lock.OwnerName(), "data": string(lock.Data())}, nil
}

func carryOut(o order) (answer, error) {
	switch o.Cmd {
	case "open":
		return open(o)
	case "acquire":
		return acquire(o)
	case "release":
		return release(o)
	case "count":
		return count(o)
	case "read":
		return read(o)
	case "exit":
		os.Exit(0)
	}
	return nil, fmt.Errorf("no command is called %q", o.Cmd)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o order
		err := json.Unmarshal(lines.Bytes(), &o)
		var reply answer
		if err == nil {
			reply, err = carryOut(o)
		}
		if err != nil {
			reply = answer{"ok": false, "error": err.Error()}
		} else {
			reply["ok"] = true
		}
		text, _ := json.Marshal(reply)
		fmt.Println(string(text))
	}
}
