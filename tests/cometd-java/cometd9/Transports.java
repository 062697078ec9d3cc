import jakarta.websocket.ContainerProvider;
import java.util.HashMap;
import org.cometd.client.http.jetty.JettyHttpClientTransport;
import org.cometd.client.transport.ClientTransport;
import org.cometd.client.websocket.jakarta.WebSocketTransport;
import org.eclipse.jetty.client.HttpClient;

/** The transports of CometD 9. */
final class Transports {
    private Transports() {}

    static ClientTransport create(String name) throws Exception {
        if (name.equals("websocket")) {
            return new WebSocketTransport(new HashMap<>(), null, ContainerProvider.getWebSocketContainer());
        }
        HttpClient http = new HttpClient();
        http.start();
        return new JettyHttpClientTransport(new HashMap<>(), http);
    }
}
