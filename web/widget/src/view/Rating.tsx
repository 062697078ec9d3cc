// How the chat was: one tap, and a line of text for who wants to say more.

import { useState } from "preact/hooks";
import { Button, Field, useSpeech } from "@handoff/ui";
import { useAround } from "./context.js";
import { useValue } from "./value.js";

const SCORES = [1, 2, 3, 4, 5] as const;
const TEXT_MAX = 1000;

/** The rating, where the service takes one. */
export function Rating() {
  const { model } = useAround();
  const { say } = useSpeech();
  const [score, setScore] = useState(0);
  const [text, setText] = useState("");
  const { rated, gone } = useValue(model.state);
  const { rating } = useValue(model.service);
  if (!rating || gone) return null;
  if (rated === "yes") return <p role="status">{say("rateThanks")}</p>;
  const send = () => model.ask({ do: "rate", score, text: Array.from(text.trim()).slice(0, TEXT_MAX).join("") });
  return (
    <div class="rating">
      <fieldset>
        <legend>{say("rateQuestion")}</legend>
        <div class="scores">
          {SCORES.map((one) => (
            <button
              type="button"
              key={one}
              aria-label={say("rateScore", { n: one })}
              aria-pressed={one === score}
              class={one <= score ? "chosen" : ""}
              onClick={() => setScore(one)}
            >
              {one <= score ? "★" : "☆"}
            </button>
          ))}
        </div>
      </fieldset>
      {score > 0 ? (
        <>
          <Field name="rating" label={say("rateText")} value={text} onValue={setText} />
          <Button disabled={rated === "sending"} onClick={send}>
            {say("rateSend")}
          </Button>
        </>
      ) : null}
      <p class="problem" role="alert">
        {rated === "failed" ? say("rateFailed") : ""}
      </p>
    </div>
  );
}
