/**
 * Chats of a Handoff server, for customers and agents.
 *
 * @packageDocumentation
 */

export { Lost, Refused, type Refusal } from "./errors.js";
export type { Unsubscribe } from "./emitter.js";
export { asyncStorageStore, memoryStore, storageStore } from "./store.js";
export type { AsyncStorageLike, StorageLike, Store } from "./store.js";
