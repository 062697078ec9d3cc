// A customer on a web page with the official CometD client, as a shop of the field writes one: it shakes hands, asks
// for a chat or for its events from where it was, and repeats what was not taken, under the same id.

/**
 * Runs in the page.
 * @param {{url: string, transport: string, acks: boolean, texts: string[]}} options
 */
export function customer({ url, transport, acks, texts }) {
  const library = /** @type {any} */ (window).library;
  const cometd = new library.CometD();
  const channel = "/service/chatV2/default";
  const state = {
    /** @type {string[]} */ own: [],
    /** @type {string[]} */ answers: [],
    /** @type {number[]} */ indexes: [],
    acknowledged: 0,
    handshakes: 0,
    ended: false,
    transport: "",
  };
  let key = "";
  let position = 0;
  for (const type of cometd.getTransportTypes()) if (type !== transport) cometd.unregisterTransport(type);
  if (acks) cometd.registerExtension("ack", new library.AckExtension());
  cometd.configure({ url: `${url}/genesys/cometd`, logLevel: "warn", backoffIncrement: 200, maxBackoff: 1000 });

  cometd.addListener("/meta/handshake", (/** @type {any} */ reply) => {
    if (!reply.successful) return;
    state.handshakes += 1;
    const used = cometd.getTransport();
    state.transport = used.getType?.() ?? used.type;
    const data = key
      ? { operation: "requestNotifications", secureKey: key, transcriptPosition: position }
      : { operation: "requestChat", nickname: "Zoë", clientMessageId: `page-${Math.random()}-${Math.random()}` };
    cometd.batch(() => {
      cometd.subscribe(channel, () => {});
      cometd.publish(channel, data);
    });
  });
  cometd.addListener(channel, (/** @type {any} */ message) => {
    // Replies to publishes come this way too.
    if (!message.data) return;
    const event = message.data;
    key ||= event.secureKey;
    for (const one of event.messages) {
      if (state.indexes.includes(one.index)) continue;
      state.indexes.push(one.index);
      if (one.type !== "Message") continue;
      (one.from.type === "Client" ? state.own : state.answers).push(one.text);
    }
    position = Math.max(position, event.nextPosition ?? 0);
    state.ended ||= event.chatEnded;
  });

  /** @param {number} at */
  const say = (at) => {
    const again = () => setTimeout(() => say(at), 200);
    if (!key || cometd.getStatus() !== "connected") return again();
    const data = { operation: "sendMessage", secureKey: key, message: texts[at], clientMessageId: `m${at}` };
    cometd.publish(channel, data, (/** @type {any} */ reply) => {
      if (!reply.successful) return again();
      state.acknowledged += 1;
      if (at + 1 < texts.length) setTimeout(() => say(at + 1), 100);
    });
  };
  const leave = () => cometd.publish(channel, { operation: "disconnect", secureKey: key });
  Object.assign(window, { state, leave });
  cometd.handshake();
  say(0);
}
