/** What esbuild tells of what it built. */
export interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The packages that scripts were built from, as folders. */
export function packages(metafiles: readonly Metafile[]): string[];

/** The notices of all of them, as one text. Rejects when a package comes without the text of its licence. */
export function notices(web: string, metafiles: readonly Metafile[]): Promise<string>;
