import { join } from 'node:path';

import { createNodePeer } from '@p2ptv/peer/node';
import { formatMagnetLink, isStreamLink, parseStreamLink, viewerTokenOf, withViewerToken, type RecordingListing, type StreamLink } from '@p2ptv/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ViewerTokens } from '../../src/access/viewer-tokens.js';
import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { LiveStream } from '../../src/package/live-stream.js';
import { loadPublisher } from '../../src/package/publisher.js';
import type { NewRecording } from '../../src/recording/recording-library.js';
import { Origin } from '../../src/server/origin.js';
import { openRecordings } from '../../src/server/recordings.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { fakeInit, fakePart, temporaryFolder } from '../package/stream-fixture.js';
import { ON_LOOPBACK } from '../server/origin-fixture.js';

/** Recordings of a private channel, of a public one, of one that is gone, and of a file; all private but the last. */
const RECORDINGS = [
  { id: 'club-1', channel: 'club', isPrivate: true },
  { id: 'main-1', channel: 'main', isPrivate: true },
  { id: 'gone-1', channel: 'gone', isPrivate: true },
  { id: 'film-1', channel: undefined, isPrivate: true },
  { id: 'open-1', channel: undefined, isPrivate: false },
] as const;
const HOUR_MS = 3_600_000;

const logger = pino({ level: 'silent' });
let folder: ReturnType<typeof temporaryFolder>;
let store: SqliteStore;
let origin: Origin;
let base: string;

/** Publishes 2 s of imaginary parts, and keeps them. */
function record(data: string, { id, channel, isPrivate }: (typeof RECORDINGS)[number]): void {
  const publisher = loadPublisher(data);
  const { library, close } = openRecordings(store.recordings, { dataFolder: data, publisher, gate: undefined, wallMs: Date.now, logger });
  const stream = channel ?? id;
  const described: NewRecording = { id, stream, channel, firstSequence: 0, title: id, description: '', tags: [], isPrivate };
  const open = library.begin(described);
  const live: LiveStream = new LiveStream({
    publisher,
    slug: stream,
    title: id,
    folder: join(data, 'streams', stream),
    archiveMs: 60_000,
    wallMs: Date.now,
    notice: () => undefined,
    fileClosed: (rendition, file) => open.keep(rendition, file, (initHash) => live.rendition(rendition)?.init(initHash)),
  });
  library.folderOf(id).writeCaptions([{ language: 'en', name: 'English', text: 'WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n' }]);
  live.beginSession([fakeInit()]);
  for (let index = 0; index < 10; index++) live.publish(fakePart(index));
  live.closeFiles();
  open.finish(live.record!);
  live.close();
  close();
}

beforeAll(async () => {
  folder = temporaryFolder();
  store = SqliteStore.open(join(folder.path, 'state.db'));
  for (const recording of RECORDINGS) record(folder.path, recording);
  origin = await Origin.start({
    dataFolder: folder.path,
    channels: [channelSettingsSchema.parse({ slug: 'club', isPrivate: true }), channelSettingsSchema.parse({ slug: 'main' })],
    ...ON_LOOPBACK,
    store,
    logger,
  });
  base = `http://127.0.0.1:${origin.port}`;
}, 20_000);

afterAll(async () => {
  await origin.close();
  store.close();
  folder.remove();
});

const issue = (audience: string, lifetimeMs = HOUR_MS): Promise<string> => origin.tokens.issue(audience, { lifetimeMs });

async function statusOf(path: string): Promise<number> {
  return (await fetch(`${base}${path}`)).status;
}

async function linkOf(id: string, token?: string): Promise<StreamLink> {
  const listing = (await (await fetch(`${base}/api/recordings/${id}${token === undefined ? '' : `?token=${token}`}`)).json()) as RecordingListing;
  const link = parseStreamLink(listing.link);
  if (!isStreamLink(link)) throw new Error(link.problem);
  return link;
}

/** What the tracker says to a peer with a link. */
function askTracker(link: StreamLink): Promise<string> {
  return new Promise((resolve) => {
    const peer = createNodePeer({ link, role: 'seeder' });
    peer.on('trackerStateChanged', ({ state }) => {
      if (state !== 'joined' && state !== 'refused') return;
      peer.close();
      resolve(state);
    });
    peer.start();
  });
}

/** A link to a recording's swarm, as somebody would make it who is not given one. */
function forgedLink(stream: string, token?: string): StreamLink {
  const address = `${base}/live/${stream}`;
  const { publisher } = origin;
  return { streamId: publisher.streamId(stream), publicKey: publisher.publicKey, title: '', trackers: [base], origins: [token === undefined ? address : withViewerToken(address, token)] };
}

describe('a private recording', () => {
  it.each(['club-1', 'gone-1', 'film-1'])('RC7: %s gives nothing without a token, with an expired one, or with one for something else', async (id) => {
    const strange = await new ViewerTokens(Buffer.from('another secret of thirty-two bytes'), Date.now).issue(id, { lifetimeMs: HOUR_MS });
    for (const path of [`/api/recordings/${id}`, `/api/recordings/${id}/thumbnail.jpg`, `/live/${id}/index.m3u8`, `/live/${id}/0/recording.m3u8`, `/live/${id}/0/part-1.m4s`, `/live/${id}/join`, `/live/${id}/segments?x=`, `/live/${id}/captions/0/captions.vtt`, `/live/${id}/captions/0/index.m3u8`]) {
      const url = `${path}${path.includes('?') ? '&' : '?'}token=`;
      const statuses = [await statusOf(path), await statusOf(url + (await issue(id, -1000))), await statusOf(url + (await issue('main'))), await statusOf(url + strange), await statusOf(`${url}nonsense`)];
      expect([path, ...statuses]).toEqual([path, 401, 401, 403, 403, 403]);
    }
    const list = (await (await fetch(`${base}/api/recordings`)).json()) as { recordings: RecordingListing[] };
    expect(list.recordings.map((recording) => recording.id)).toEqual(['open-1']);
  });

  it.each([
    ['its own', 'club-1', 'club-1'],
    ["its channel's", 'club-1', 'club'],
    ["the token of a channel that is gone", 'gone-1', 'gone'],
    ['a file’s own', 'film-1', 'film-1'],
  ])('RC7: with %s it is watched, by a link that holds it', async (_which, id, audience) => {
    const token = await issue(audience);
    expect(await statusOf(`/live/${id}/~${token}/0/recording.m3u8`)).toBe(200);
    expect(await statusOf(`/api/recordings/${id}/thumbnail.jpg?token=${token}`)).toBe(404);
    const link = await linkOf(id, token);
    expect(viewerTokenOf(link.origins)).toBe(token);
    expect(await statusOf(new URL(link.origins[0]!).pathname + '/0/part-1.m4s')).toBe(200);
  });

  it('RC7: the tracker keeps out of its swarm who has no valid token for all that is in it', async () => {
    for (const stream of ['club', 'gone', 'film-1']) {
      expect([stream, await askTracker(forgedLink(stream))]).toEqual([stream, 'refused']);
      expect([stream, await askTracker(forgedLink(stream, await issue(stream, -1000)))]).toEqual([stream, 'refused']);
      expect([stream, await askTracker(forgedLink(stream, await issue('main')))]).toEqual([stream, 'refused']);
      expect([stream, await askTracker(forgedLink(stream, await issue(stream)))]).toEqual([stream, 'joined']);
    }
    // One for a recording alone does not open what else its channel's viewers have.
    expect(await askTracker(forgedLink('club', await issue('club-1')))).toBe('refused');
  });

  it('RC8: its link names the tracker only where all whom one meets may watch it', async () => {
    const trackers = async (id: string, audience?: string): Promise<number> => (await linkOf(id, audience === undefined ? undefined : await issue(audience))).trackers.length;
    expect([await trackers('club-1', 'club'), await trackers('film-1', 'film-1'), await trackers('open-1')]).toEqual([1, 1, 1]);
    expect([await trackers('club-1', 'club-1'), await trackers('main-1', 'main'), await trackers('main-1', 'main-1')]).toEqual([0, 0, 0]);
    expect(await askTracker(await linkOf('club-1', await issue('club')))).toBe('joined');
  });

  it('RC10: its captions are a track of its playlist, under an address that holds the token', async () => {
    const token = await issue('film-1');
    const { captions = [] } = (await (await fetch(`${base}/api/recordings/film-1?token=${token}`)).json()) as RecordingListing;
    expect(captions).toEqual([{ language: 'en', name: 'English', path: `/live/film-1/~${token}/captions/0/captions.vtt` }]);
    const vtt = await fetch(`${base}${captions[0]!.path}`);
    expect([vtt.headers.get('content-type'), await vtt.text()]).toEqual(['text/vtt; charset=utf-8', 'WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n']);
    const multivariant = await (await fetch(`${base}/live/open-1/index.m3u8`)).text();
    expect(multivariant).toContain('#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="English",LANGUAGE="en",AUTOSELECT=YES,DEFAULT=NO,URI="captions/0/index.m3u8"');
    expect(multivariant).toMatch(/#EXT-X-STREAM-INF:.*,SUBTITLES="captions"\n/);
    expect(await (await fetch(`${base}/live/open-1/captions/0/index.m3u8`)).text()).toContain('#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:2.000,\ncaptions.vtt\n#EXT-X-ENDLIST');
    expect([await statusOf('/live/open-1/captions/1/captions.vtt'), await statusOf('/live/open-1/captions/0/x'), await statusOf('/live/main/captions/0/captions.vtt')]).toEqual([404, 404, 404]);
  });

  it('a public one needs none, and a token is no part of its link', async () => {
    expect(await statusOf('/live/open-1/0/recording.m3u8')).toBe(200);
    expect(viewerTokenOf((await linkOf('open-1', await issue('open-1'))).origins)).toBeUndefined();
    expect(formatMagnetLink(await linkOf('open-1'))).toContain('tr=');
  });
});
