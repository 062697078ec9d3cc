// Codes of the server in the agent's language.

import type { Say } from "../words/say.js";

/** Reasons that every agent can choose; the server keeps them as these words. */
export const REASONS = ["break", "lunch", "training", "follow-up"] as const;

/** Why an agent takes no chats, in words; one that they wrote themselves as it is. */
export function reasonText(reason: string, say: Say): string {
  switch (reason) {
    case "break":
      return say("reasonBreak");
    case "lunch":
      return say("reasonLunch");
    case "training":
      return say("reasonTraining");
    case "follow-up":
      return say("reasonFollowUp");
    case "no answer":
      return say("reasonNoAnswer");
    case "lost":
      return say("reasonLost");
    default:
      return reason;
  }
}

/** Why something was refused, in words. */
export function refusalText(code: string, say: Say): string {
  switch (code) {
    case "wrong_password":
      return say("wrongPassword");
    case "slow_down":
      return say("slowDown");
    case "expired":
    case "token_expired":
      return say("expired");
    case "elsewhere":
      return say("elsewhere");
    case "has_chats":
      return say("hasChats");
    case "no_claim":
      return say("noClaim");
    case "not_allowed":
      return say("notAllowed");
    default:
      return say("failed");
  }
}

/** Why a file was not sent, in words. */
export function fileRefusalText(code: string, say: Say): string {
  switch (code) {
    case "file_type":
      return say("fileType");
    case "too_large":
      return say("fileTooLarge");
    case "too_many":
      return say("fileTooMany");
    case "infected":
      return say("fileInfected");
    default:
      return say("fileFailed");
  }
}

/** An agent's state in words. */
export function stateText(state: string, say: Say): string {
  switch (state) {
    case "ready":
      return say("ready");
    case "not ready":
    case "not_ready":
      return say("notReady");
    case "signed out":
    case "signed_out":
      return say("signedOut");
    case "out of service":
      return say("outOfService");
    case "open":
      return say("chatOpen");
    case "ended":
      return say("chatEndedState");
    case "asleep":
      return say("chatAsleep");
    default:
      return state;
  }
}

/** Where a chat is, in words. */
export function placeText(place: string | null, say: Say): string {
  switch (place) {
    case "workflow":
      return say("inWorkflow");
    case "queue":
      return say("inQueue");
    case "offer":
      return say("inOffer");
    case "agent":
      return say("withAgent");
    case "done":
      return say("routedOut");
    default:
      return place ?? "–";
  }
}

/** A channel's name for people. */
export function channelText(name: string, say: Say): string {
  if (name === "native") return say("channelWeb");
  if (name === "gms" || name === "cometd") return say("channelGms");
  return name.split(":").at(-1) ?? name;
}
