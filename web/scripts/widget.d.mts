/** What takes the files that are built. */
export interface Files {
  add(name: string, text: string, entry?: string): { path: string; hash: string };
}

/** Builds the widget into `dist`. */
export function buildWidget(dist: Files): Promise<void>;
