export const PROTOCOLS: { schema: URL; types: URL }[];
export function typesOf(schema: URL): Promise<string>;
