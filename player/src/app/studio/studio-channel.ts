import type { StreamListing } from '@p2ptv/protocol';
import { adminApi } from '../admin/admin-api.js';
import { ApiError } from '../request-json.js';
import { fetchStream, fetchStreams } from '../streams-api.js';

/** A channel that somebody may want to go live on; `title` undefined: it tells nobody. */
export type StudioChannel = { readonly slug: string; readonly title: string | undefined };

/** What the studio is for: a channel, or one of several, none perhaps. */
export type StudioSubject =
  | { readonly kind: 'channel'; readonly channel: StudioChannel }
  /**
   * Channels that take their picture from the studio: all of them where somebody is logged in, else those that everybody may see.
   * `elsewhere`: the one that is meant, which does not.
   */
  | { readonly kind: 'choice'; readonly channels: readonly StudioChannel[]; readonly isLoggedIn: boolean; readonly elsewhere?: string | undefined };

/** The channel that is meant where none is named. */
const DEFAULT_SLUG = 'main';

/**
 * Finds the channel that an address names; where it names none, the default one or else the only one that there is.
 *
 * @throws the signal's error once it is aborted
 */
export async function findStudioSubject(named: string | undefined, signal: AbortSignal): Promise<StudioSubject> {
  const slug = named ?? DEFAULT_SLUG;
  try {
    const stream = await fetchIfThere(slug, signal);
    if (stream && isFromStudio(stream)) return { kind: 'channel', channel: { slug, title: stream.title } };
    const choice = await listChannels(signal);
    const [only, ...others] = choice.channels;
    if (named === undefined && only && others.length === 0) return { kind: 'channel', channel: only };
    return stream ? { ...choice, elsewhere: slug } : choice;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // A private one is there and tells nobody its title, and an origin that is away for the moment may come back.
    return { kind: 'channel', channel: { slug, title: undefined } };
  }
}

async function fetchIfThere(slug: string, signal: AbortSignal): Promise<StreamListing | undefined> {
  try {
    return await fetchStream(slug, { viewerToken: undefined }, signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function listChannels(signal: AbortSignal): Promise<StudioSubject & { readonly kind: 'choice' }> {
  try {
    // Asked first: the origin would note that the list was refused.
    await adminApi.checkSession(signal);
    const all = await adminApi.channels(signal);
    const channels = all.filter(({ input }) => input === 'whip').map(({ slug, title }) => ({ slug, title }));
    return { kind: 'choice', channels, isLoggedIn: true };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const channels = (await fetchStreams(signal)).filter(isFromStudio).map(({ slug, title }) => ({ slug, title }));
    return { kind: 'choice', channels, isLoggedIn: false };
  }
}

/** An origin that does not tell is believed to. */
function isFromStudio({ isWhip }: StreamListing): boolean {
  return isWhip !== false;
}
