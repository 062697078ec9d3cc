// What is built of web/, from disk, handed out as a node hands it out: by the manifest, pages under their policy.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = resolve(dirname(fileURLToPath(import.meta.url)), "../../../web/dist");

/** @typedef {{path: string, type: string, public: boolean, at?: string, page?: string, trusts?: string, pictures?: boolean}} Built */

/** @type {Map<string, Built> | null} by request path */
let files = null;

/** @returns {Map<string, Built>} */
function all() {
  const manifest = join(DIST, "manifest.json");
  if (!existsSync(manifest)) throw new Error("the pages are not built: scripts/web");
  /** @type {{files: Built[]}} */
  const { files } = JSON.parse(readFileSync(manifest, "utf8"));
  const addresses = (/** @type {Built} */ { path, at, page }) => (page ? [page] : [`/${path}`, ...(at ? [at] : [])]);
  return new Map(files.flatMap((file) => addresses(file).map((address) => [address, file])));
}

/**
 * What a node answers where it has a built file.
 * @param {URL} url
 * @param {string[]} [nodes] that its pages may turn to
 * @returns {{body: string, headers: Record<string, string>} | null}
 */
export function builtFile({ pathname, host }, nodes = []) {
  files ??= all();
  const file = files.get(pathname);
  if (!file) return null;
  /** @type {Record<string, string>} */
  const headers = { "content-type": file.type };
  if (file.public) Object.assign(headers, { "access-control-allow-origin": "*" });
  headers["cross-origin-resource-policy"] = file.public ? "cross-origin" : "same-origin";
  const body = readFileSync(join(DIST, file.path), "utf8");
  if (!file.page) return { body, headers };
  headers["content-security-policy"] = policy([host, ...nodes.map((node) => new URL(node).host)], file);
  return { body: body.replace('"handoff-nodes" content=""', `"handoff-nodes" content="${nodes.join()}"`), headers };
}

/**
 * @param {string[]} hosts
 * @param {Built} page
 */
function policy(hosts, { trusts = "'none'", pictures = false }) {
  const sockets = hosts.map((host) => `https://${host} wss://${host}`).join(" ");
  return (
    `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${sockets}; ` +
    `img-src 'self' blob:${pictures ? " https:" : ""}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
    `trusted-types ${trusts}`
  );
}
