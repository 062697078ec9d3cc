// A customer on a web page with the official CometD client, as a shop of the field writes one: it shakes hands, asks
// for a chat or for its events from where it was, and repeats what was not taken, under the same id.

/**
 * Runs in the page.
 * @param {{url: string, transport: string, acks: boolean, texts: string[], first: number}} options `first`: after so
 * many texts they wait to be told to go on
 */
export function customer({ url, transport, acks, texts, first }) {
  const library = /** @type {any} */ (window).library;
  const cometd = new library.CometD();
  const channel = "/service/chatV2/default";
  const seen = {
    /** Each event of the channel, as it came. */ told: /** @type {any[]} */ ([]),
    /** @type {string[]} */ acknowledged: [],
    transport: "",
    /** What went wrong on the way, for whoever looks into a failure. */ trouble: /** @type {string[]} */ ([]),
  };
  const indexes = { own: new Set(), answers: new Set() };
  let key = "";
  let position = 0;
  let handshakes = 0;
  let ended = false;
  let waiting = true;
  for (const type of cometd.getTransportTypes()) if (type !== transport) cometd.unregisterTransport(type);
  if (acks) cometd.registerExtension("ack", new library.AckExtension());
  cometd.configure({ url: `${url}/genesys/cometd`, logLevel: "warn", backoffIncrement: 200, maxBackoff: 1000 });

  cometd.addListener("/meta/handshake", (/** @type {any} */ reply) => {
    if (!reply.successful) return;
    handshakes += 1;
    seen.transport = cometd.getTransport().getType?.() ?? cometd.getTransport().type;
    const data = key
      ? { operation: "requestNotifications", secureKey: key, transcriptPosition: position }
      : { operation: "requestChat", nickname: "Zoë", clientMessageId: `page-${Math.random()}-${Math.random()}` };
    cometd.batch(() => {
      cometd.subscribe(channel, () => {});
      cometd.publish(channel, data);
    });
  });
  cometd.addListener("/meta/unsuccessful", (/** @type {any} */ { channel, error, failure }) => {
    seen.trouble.push(`${Math.round(performance.now())} ms: ${channel}: ${error ?? failure?.reason}`);
  });
  cometd.addListener(channel, (/** @type {any} */ message) => {
    // Replies to publishes come this way too.
    if (!message.data) return;
    seen.told.push(message.data);
    key ||= message.data.secureKey;
    for (const { type, index, from } of message.data.messages) {
      if (type === "Message") (from.type === "Client" ? indexes.own : indexes.answers).add(index);
    }
    position = Math.max(position, message.data.nextPosition ?? 0);
    ended ||= message.data.chatEnded;
  });

  /** @param {number} at */
  const say = (at) => {
    const again = () => setTimeout(say, 200, at);
    if (!key || cometd.getStatus() !== "connected" || (waiting && at >= first)) return again();
    const data = { operation: "sendMessage", secureKey: key, message: texts[at], clientMessageId: `m${at}` };
    cometd.publish(channel, data, (/** @type {any} */ reply) => {
      if (!reply.successful) return again();
      seen.acknowledged.push(texts[at]);
      if (at + 1 < texts.length) setTimeout(() => say(at + 1), 100);
    });
  };
  const progress = () => ({
    acknowledged: seen.acknowledged.length,
    own: indexes.own.size,
    answers: indexes.answers.size,
    handshakes,
    ended,
  });
  const leave = () => void cometd.publish(channel, { operation: "disconnect", secureKey: key });
  cometd.handshake();
  say(0);
  return { seen, progress, goOn: () => void (waiting = false), leave };
}
