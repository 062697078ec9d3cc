// The few words that are said before the app is there; a test holds them to the catalogues.

/** By language: the launcher's name, and what is said when no node gives the app. */
export const WORDS: Readonly<Record<string, readonly [open: string, failed: string]>> = {
  en: ["Open the chat", "The chat can’t be reached now. We keep trying."],
  de: ["Chat öffnen", "Der Chat ist gerade nicht erreichbar. Wir versuchen es weiter."],
  es: ["Abrir el chat", "El chat no está disponible ahora. Seguimos intentándolo."],
  fr: ["Ouvrir la discussion", "La discussion n’est pas joignable. Nous continuons d’essayer."],
  ja: ["チャットを開く", "チャットに接続できません。引き続き試しています。"],
  ar: ["فتح المحادثة", "لا يمكن الوصول إلى المحادثة الآن. نواصل المحاولة."],
};

/** The first of the wanted tags whose language is there, else English. */
export function wordsOf(wanted: readonly string[]): readonly [language: string, open: string, failed: string] {
  const found = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => WORDS[tag]) ?? "en";
  const [open, failed] = WORDS[found] ?? ["", ""];
  return [found, open, failed];
}
