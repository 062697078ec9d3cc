/** What takes the files that are built. */
export interface Files {
  add(name: string, text: string, serving?: object): { path: string; hash: string };
}

/** Builds the widget into `dist`, and gives its loader. */
export function buildWidget(dist: Files): Promise<{ path: string; hash: string }>;
