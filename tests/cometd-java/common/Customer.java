import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.cometd.bayeux.Channel;
import org.cometd.bayeux.Message;
import org.cometd.bayeux.client.ClientSessionChannel;
import org.cometd.client.BayeuxClient;
import org.cometd.client.ext.AckExtension;

/**
 * A customer of a Java app. They say so many messages, one after the other, each until it is shown to them: the first
 * ones at once, the others after a line of input; after one more they leave. They print a line for each thing that
 * happens: its kind, a tab, and what they were told as JSON or a number.
 */
public final class Customer {
    private static final String CHANNEL = "/service/chatV2/default";
    /** Until it is shown, a message is said again, under its id. */
    private static final long AGAIN_MS = 2_000;
    private static final long PAUSE_MS = 100;

    private final BayeuxClient client;
    /** The indexes of their own messages. */
    private final Set<Object> own = new HashSet<>();
    private String key;
    private long position;
    private boolean ended;

    private Customer(BayeuxClient client) {
        this.client = client;
    }

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        String transport = arguments[1];
        int first = Integer.parseInt(arguments[2]);
        int count = Integer.parseInt(arguments[3]);
        BayeuxClient client = new BayeuxClient(url, Transports.create(transport));
        if (transport.equals("long-polling")) client.addExtension(new AckExtension());
        new Customer(client).chat(first, count);
        System.exit(0);
    }

    private void chat(int first, int count) throws IOException, InterruptedException {
        String start = UUID.randomUUID().toString();
        client.getChannel(Channel.META_HANDSHAKE).addListener(new ClientSessionChannel.MessageListener() {
            @Override
            public void onMessage(ClientSessionChannel channel, Message reply) {
                if (reply.isSuccessful()) begin(start);
            }
        });
        client.getChannel(CHANNEL).addListener(new ClientSessionChannel.MessageListener() {
            @Override
            public void onMessage(ClientSessionChannel channel, Message message) {
                if (message.getDataAsMap() != null) take(message.getDataAsMap());
            }
        });
        client.handshake();
        for (int number = 0; number < count; number++) {
            if (number == first) System.in.read();
            say(number);
            print("SHOWN", number);
            Thread.sleep(PAUSE_MS);
        }
        System.in.read();
        while (!isEnded()) {
            publish("operation", "disconnect", "secureKey", key());
            Thread.sleep(500);
        }
    }

    private synchronized void begin(String start) {
        print("HANDSHAKE", 0);
        if (key == null) {
            publish("operation", "requestChat", "nickname", "Zoë", "clientMessageId", start);
        } else {
            publish("operation", "requestNotifications", "secureKey", key, "transcriptPosition", position);
        }
    }

    private synchronized void take(Map<String, Object> event) {
        print("TOLD", Json.of(event));
        if (key == null) key = (String) event.get("secureKey");
        Object told = event.get("messages");
        // The one line gives arrays, the other lists.
        Iterable<?> messages = told instanceof Object[] ? Arrays.asList((Object[]) told) : (Iterable<?>) told;
        for (Object one : messages) {
            Map<?, ?> message = (Map<?, ?>) one;
            boolean mine = "Client".equals(((Map<?, ?>) message.get("from")).get("type"));
            if (mine && "Message".equals(message.get("type"))) own.add(message.get("index"));
        }
        Object next = event.get("nextPosition");
        if (next != null) position = Math.max(position, ((Number) next).longValue());
        ended |= Boolean.TRUE.equals(event.get("chatEnded"));
        notifyAll();
    }

    private synchronized void say(int number) throws InterruptedException {
        while (own.size() <= number) {
            if (key != null && client.isConnected()) {
                String text = "message " + number + " \uD83D\uDC4B";
                publish("operation", "sendMessage", "secureKey", key, "message", text, "clientMessageId", "m" + number);
            }
            wait(AGAIN_MS);
        }
    }

    private synchronized boolean isEnded() {
        return ended;
    }

    private synchronized String key() {
        return key;
    }

    private void publish(Object... pairs) {
        Map<String, Object> data = new HashMap<>();
        for (int at = 0; at < pairs.length; at += 2) data.put((String) pairs[at], pairs[at + 1]);
        client.getChannel(CHANNEL).publish(data);
    }

    private static void print(String kind, Object what) {
        System.out.println(kind + "\t" + what);
        System.out.flush();
    }
}
