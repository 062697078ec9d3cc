// The few signs that stand where words would be too long; each is hidden from readers, who get its button's name.

const PATHS = {
  send: "M12 19V5.5M6.5 11 12 5.5l5.5 5.5",
  attach: "M12 5v14M5 12h14",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  minimise: "M6 12h12",
  down: "m7 10 5 5 5-5",
  person: "M12 12a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm-6.5 7a6.5 6.5 0 0 1 13 0",
  file: "M7 4h7l4 4v12H7zM14 4v4h4",
  smile: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM9 10h.01M15 10h.01M8.8 14a4 4 0 0 0 6.4 0",
  check: "m5.5 12.5 4 4 9-9",
} as const;

/** A sign of a surface's own: its name, and what is drawn in a square of 24. */
export type OwnIcon = readonly [name: string, path: string];

/** One of those that all surfaces have, by its name, or a surface's own. */
export type IconName = keyof typeof PATHS | OwnIcon;

/** A sign. */
export function Icon({ name: icon, size = 20 }: { name: IconName; size?: number }) {
  const [name, path] = typeof icon === "string" ? [icon, PATHS[icon]] : icon;
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
