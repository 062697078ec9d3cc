/**
 * Chats of a Handoff server, for customers and agents, in browsers, Node and React Native.
 *
 * {@link CustomerChat} is a customer's chat, {@link AgentDesk} an agent's desk. Both go on by themselves when a connection or a
 * node dies: what was sent arrives once, in order.
 *
 * @packageDocumentation
 */

export { AgentDesk } from "./agent.js";
export type { AgentEvents, AgentOptions, AgentPhase, AgentStatus, LeaveHow, Transfer } from "./agent-types.js";
export { AgentChat } from "./agent-chat.js";
export type { AgentCommand, AgentItem, History } from "./agent-chat.js";
export { CustomerChat } from "./customer.js";
export type { ChatKey, CustomerCommand, CustomerEvents, CustomerItem, CustomerPhase, StartForm } from "./customer.js";
export type { QueuePlace } from "./customer-kept.js";
export type { Unsubscribe } from "./emitter.js";
export { Lost, Refused, type Refusal } from "./errors.js";
export { Files } from "./files.js";
export type { FileLimits, UploadFile, UploadOptions, Uploaded } from "./files.js";
export type { SignalLike, Watching } from "./sending.js";
export type { LinkState } from "./link.js";
export { Offer } from "./offer.js";
export type { ClientOptions } from "./options.js";
export type { Item, ItemState } from "./outbox.js";
export { Overview } from "./overview.js";
export { QueueNumbers } from "./queue-numbers.js";
export type { ChatFilter, OverviewAgent, OverviewChat, OverviewQueue } from "./protocol/agent.js";
export type {
  FetchLike,
  FillRandom,
  HttpAnswer,
  HttpRequest,
  PlatformOptions,
  SocketConstructor,
  SocketEvent,
  SocketLike,
} from "./platform.js";
export type * as agentProtocol from "./protocol/agent.js";
export type * as customerProtocol from "./protocol/customer.js";
export { describeService } from "./service.js";
export type { Service, ServiceField, Texts } from "./service.js";
export { asyncStorageStore, memoryStore, storageStore } from "./store.js";
export type { AsyncStorageLike, StorageLike, Store } from "./store.js";
export { Thread } from "./thread.js";
export type { ChatEvent, ChatFrame, CustomerChannel, Participant, Role, Typist } from "./thread.js";
export type { Way, WayOption } from "./ways.js";
