/** An origin in somebody else's process, which may bring its own media: for load tests, and for programs with an encoder of theirs. */
export type { Channel } from '../channel/channel.js';
export { channelSettingsSchema } from '../channel/channel-settings.js';
export { Origin, type OriginOptions } from '../server/origin.js';
export { createLogger } from './logging.js';
export type { MediaInit } from '../package/live-rendition.js';
export type { MediaPart } from '../package/live-stream.js';
