import type { StreamId } from '@p2ptv/protocol';

import type { Recording } from '../store/state-store.js';
import type { TokenVerdict, ViewerTokens } from './viewer-tokens.js';

/** What is known of channels. */
type KnownChannels = {
  find(slug: string): KnownChannel | undefined;
  findStream(streamId: StreamId): KnownChannel | undefined;
};
type KnownChannel = { readonly slug: string; readonly settings: { readonly isPrivate: boolean } };

/** What is known of recordings. */
type KnownRecordings = {
  find(id: string): Recording | undefined;
  isPrivate(id: string): boolean | undefined;
  /** The stream's name where any recording of it is private. */
  privateStream(streamId: StreamId): string | undefined;
};

/** What a {@link StreamAccess} asks. */
export type StreamAccessPorts = { readonly channels: KnownChannels; readonly recordings: KnownRecordings | undefined; readonly tokens: ViewerTokens };

/**
 * Who may watch what: the same answer for the origin's routes and for the tracker.
 *
 * Channels and recordings share streams, and a swarm is that of a stream: who is let into it gets all of its chunks. So
 * nobody meets others in a swarm that somebody may be in who could not watch what they watch.
 */
export class StreamAccess {
  readonly #ports: StreamAccessPorts;

  constructor(ports: StreamAccessPorts) {
    this.#ports = ports;
  }

  /** Whether viewers of a channel or recording need a token; a channel comes first, as it does where they are served. */
  isPrivate(name: string): boolean {
    const { channels, recordings } = this.#ports;
    return (channels.find(name)?.settings.isPrivate ?? recordings?.isPrivate(name)) === true;
  }

  /** Whether a token was found to be valid before; see {@link ViewerTokens.isKnown}. */
  isKnown(name: string, token: string): boolean {
    return this.#audiences(name).some((audience) => this.#ports.tokens.isKnown(audience, token));
  }

  /** What a token is worth for a channel or recording. */
  check(name: string, token: string | undefined): Promise<TokenVerdict> {
    return this.#check(this.#audiences(name), token);
  }

  /** The same for what is known to be a recording. */
  checkRecording({ id, channel }: Pick<Recording, 'id' | 'channel'>, token: string | undefined): Promise<TokenVerdict> {
    return this.#check(channel === undefined ? [id] : [channel, id], token);
  }

  /** Whether somebody with that token may meet those who watch a stream; of one that is not here others say so. */
  mayMeet(streamId: StreamId, token: string | undefined): boolean | Promise<boolean> {
    const audience = this.#swarmAudience(streamId);
    if (audience === undefined) return true;
    return this.#ports.tokens.check(audience, token).then((verdict) => verdict === 'valid');
  }

  /** Whether who watches a recording with that token is to meet others: they must be kept in by the same door. */
  async isShared({ isPrivate }: Pick<Recording, 'isPrivate'>, { streamId, token }: { readonly streamId: StreamId; readonly token: string | undefined }): Promise<boolean> {
    if (isPrivate && this.#swarmAudience(streamId) === undefined) return false;
    return this.mayMeet(streamId, token);
  }

  /** Whom a token must be for, to be let into a stream's swarm; undefined: everybody is. */
  #swarmAudience(streamId: StreamId): string | undefined {
    const channel = this.#ports.channels.findStream(streamId);
    if (channel) return channel.settings.isPrivate ? channel.slug : undefined;
    return this.#ports.recordings?.privateStream(streamId);
  }

  /** A channel's token opens its recordings, too; a recording's own opens nothing else. */
  #audiences(name: string): readonly string[] {
    const { channels, recordings } = this.#ports;
    if (channels.find(name)) return [name];
    const channel = recordings?.find(name)?.channel;
    return channel === undefined ? [name] : [channel, name];
  }

  async #check(audiences: readonly string[], token: string | undefined): Promise<TokenVerdict> {
    let verdict: TokenVerdict = 'wrong';
    for (const audience of audiences) {
      const found = await this.#ports.tokens.check(audience, token);
      if (found !== 'wrong') verdict = found;
      if (found === 'valid') break;
    }
    return verdict;
  }
}
