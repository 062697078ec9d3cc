import java.util.HashMap;
import org.cometd.client.transport.ClientTransport;
import org.cometd.client.transport.LongPollingTransport;
import org.cometd.websocket.client.JettyWebSocketTransport;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.websocket.client.WebSocketClient;

/** The transports of CometD 3. */
final class Transports {
    private Transports() {}

    static ClientTransport create(String name) throws Exception {
        if (name.equals("websocket")) {
            WebSocketClient sockets = new WebSocketClient();
            sockets.start();
            return new JettyWebSocketTransport(new HashMap<>(), null, sockets);
        }
        HttpClient http = new HttpClient();
        http.start();
        return new LongPollingTransport(new HashMap<>(), http);
    }
}
