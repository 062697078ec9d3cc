// A connection over a WebSocket.

import { scope, type SocketConstructor, type SocketLike } from "./platform.js";
import { isHello, type Closing, type Ends, type Transport } from "./transport.js";

/**
 * No hello within the first time: the next node is tried. The server beats every 2 s; a socket that is silent for the second
 * is given up, whatever the engine says of it.
 */
const SILENCE = { hello: 4000, open: 6000 };
/** A frame was larger than the server takes. */
const CLOSED_TOO_LARGE = 1009;
/** The server asks for patience: it was too much for it. */
const CLOSED_TRY_AGAIN = 1013;

/** Opens a socket at `url`, which begins with http. */
export function webSocket(WebSocket: SocketConstructor, url: string, ends: Ends): Transport {
  let socket: SocketLike;
  try {
    socket = new WebSocket(url.replace(/^http/i, "ws"));
  } catch {
    // An engine may forbid it, as a page that came over https may open none without encryption.
    scope.setTimeout(() => {
      ends.closed({});
    }, 0);
    return { silenceMs: SILENCE, room: (bytesMax) => bytesMax, send: () => undefined, close: () => undefined };
  }
  let over = false;
  const hear = (data: unknown) => {
    ends.alive();
    const frame = parse(data);
    if (!frame) return;
    ends.heard(frame);
    const opening = isHello(frame) ? ends.opening() : null;
    if (opening !== null) socket.send(opening);
  };
  const end = (closing: Closing) => {
    if (over) return;
    over = true;
    ends.closed(closing);
  };
  socket.addEventListener("message", ({ data }) => {
    if (!over) hear(data);
  });
  socket.addEventListener("close", ({ code }) => {
    end({ tooLarge: code === CLOSED_TOO_LARGE, patience: code === CLOSED_TRY_AGAIN });
  });
  // A close follows. Without a listener Node would end the program.
  socket.addEventListener("error", () => undefined);
  return {
    silenceMs: SILENCE,
    room: (bytesMax) => bytesMax,
    send(json) {
      if (!over) socket.send(json);
    },
    close() {
      over = true;
      socket.close();
    },
  };
}

/** A frame that was heard; null: it is none. */
function parse(data: unknown): object | null {
  try {
    const frame: unknown = JSON.parse(String(data));
    return frame !== null && typeof frame === "object" ? frame : null;
  } catch {
    return null;
  }
}
