// A text that somebody wrote: addresses in it can be followed, and it keeps its own direction. It becomes text and
// anchors, never markup.

import { pieces } from "../text/links.js";

/** The text with its addresses as anchors, which learn nothing of where they are clicked. */
export function Words({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map((piece) =>
        piece.href === undefined ? (
          piece.text
        ) : (
          <a href={piece.href} dir="ltr" target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ),
      )}
    </>
  );
}
