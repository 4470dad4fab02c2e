import com.amazonaws.services.dynamodbv2.AcquireLockOptions;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClient;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClientOptions;
import com.amazonaws.services.dynamodbv2.LockItem;
import com.amazonaws.services.dynamodbv2.model.LockCurrentlyUnavailableException;
import com.amazonaws.services.dynamodbv2.model.LockNotGrantedException;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The AWS Java lock client, told what to do by lines of JSON on the standard input. */
public final class Driver {
  private static final Map<String, LockItem> HELD = new HashMap<>();
  private static AmazonDynamoDBLockClient client;
  private static JsonObject options;

  public static void main(String[] args) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonObject answer;
      try {
        answer = carryOut(JsonParser.parseString(line).getAsJsonObject());
        answer.addProperty("ok", true);
      } catch (Exception error) {
        answer = new JsonObject();
        answer.addProperty("ok", false);
        answer.addProperty("error", error.toString());
      }
      System.out.println(answer);
    }
    System.exit(0);
  }

  private static JsonObject carryOut(JsonObject order) throws Exception {
    JsonObject answer = new JsonObject();
    String name = order.has("name") ? order.get("name").getAsString() : "";
    switch (order.get("cmd").getAsString()) {
      case "open" -> open(order);
      case "acquire" -> answer.addProperty("held", acquire(order, name));
      case "release" -> {
        LockItem item = HELD.remove(name);
        answer.addProperty("released", item != null && client.releaseLock(item));
      }
      case "count" -> answer.addProperty("done", count(order, name));
      case "read" -> read(answer, name);
      case "exit" -> System.exit(0);
      default -> throw new IllegalArgumentException(order.toString());
    }
    return answer;
  }

  private static void open(JsonObject order) {
    options = order;
    DynamoDbClient dynamo =
        DynamoDbClient.builder()
            .endpointOverride(URI.create(order.get("endpoint").getAsString()))
            .region(Region.US_EAST_1)
            .build();
    long leaseMs = order.get("leaseMs").getAsLong();
    var builder =
        AmazonDynamoDBLockClientOptions.builder(dynamo, order.get("table").getAsString())
            .withTimeUnit(TimeUnit.MILLISECONDS)
            .withLeaseDuration(leaseMs)
            .withHeartbeatPeriod(leaseMs / 3)
            .withCreateHeartbeatBackgroundThread(true);
    if (order.has("sortKey")) builder.withSortKeyName(order.get("sortKey").getAsString());
    client = new AmazonDynamoDBLockClient(builder.build());
  }

  private static boolean acquire(JsonObject order, String name) throws Exception {
    boolean wait = order.get("wait").getAsBoolean();
    var builder =
        AcquireLockOptions.builder(name)
            .withTimeUnit(TimeUnit.MILLISECONDS)
            .withRefreshPeriod(100L)
            .withDeleteLockOnRelease(!options.has("keep"))
            .withAcquireReleasedLocksConsistently(options.has("consistent"))
            .withShouldSkipBlockingWait(!wait);
    if (wait) builder.withAdditionalTimeToWaitForLock(order.get("timeoutMs").getAsLong());
    if (options.has("sortKey")) builder.withSortKey(options.get("sortValue").getAsString());
    if (order.has("data")) {
      byte[] bytes = order.get("data").getAsString().getBytes(StandardCharsets.UTF_8);
      builder.withData(ByteBuffer.wrap(bytes));
    }
    if (order.has("extra")) {
      AttributeValue value = AttributeValue.builder().s(order.get("extra").getAsString()).build();
      builder.withAdditionalAttributes(Map.of("extra", value));
    }
    try {
      HELD.put(name, client.acquireLock(builder.build()));
      return true;
    } catch (LockNotGrantedException | LockCurrentlyUnavailableException held) {
      return false;
    }
  }

  /** What a lock's item says to this client, without taking it. */
  private static void read(JsonObject answer, String name) {
    Optional<String> sort =
        options.has("sortKey")
            ? Optional.of(options.get("sortValue").getAsString())
            : Optional.empty();
    Optional<LockItem> item = client.getLock(name, sort);
    if (item.isEmpty()) return;
    answer.addProperty("owner", item.get().getOwnerName());
    item.get()
        .getData()
        .ifPresent(
            data ->
                answer.addProperty("data", StandardCharsets.UTF_8.decode(data.duplicate()).toString()));
  }

  private static int count(JsonObject order, String name) throws Exception {
    Path file = Path.of(order.get("file").getAsString());
    int rounds = order.get("rounds").getAsInt();
    JsonObject waiting = new JsonObject();
    waiting.addProperty("wait", true);
    waiting.addProperty("timeoutMs", 30_000);
    for (int round = 0; round < rounds; round++) {
      if (!acquire(waiting, name)) throw new IllegalStateException("the lock was not granted");
      long number = Long.parseLong(Files.readString(file));
      Thread.sleep(3);
      Files.writeString(file, Long.toString(number + 1));
      if (!client.releaseLock(HELD.remove(name))) throw new IllegalStateException("it was lost");
      // The others look every 100 ms, and would hardly ever find it free.
      Thread.sleep((long) (30 * Math.random()));
    }
    return rounds;
  }
}
