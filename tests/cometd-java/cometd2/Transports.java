import java.util.HashMap;
import org.cometd.client.transport.ClientTransport;
import org.cometd.client.transport.LongPollingTransport;
import org.cometd.websocket.client.WebSocketTransport;

/** The transports of CometD 2. */
final class Transports {
    private Transports() {}

    static ClientTransport create(String name) throws Exception {
        HashMap<String, Object> options = new HashMap<>();
        if (!name.equals("websocket")) return LongPollingTransport.create(options);
        org.eclipse.jetty.websocket.WebSocketClientFactory factory =
            new org.eclipse.jetty.websocket.WebSocketClientFactory();
        factory.start();
        return WebSocketTransport.create(options, factory);
    }
}
