import type { Browser, Page, Route } from 'playwright-core';
import * as z from 'zod';

import { BenchError } from '../errors.js';
import { percentile } from '../metrics/percentile.js';
import { IngestOrigin } from './ingest-origin.js';
import { LossyRelay } from './lossy-relay.js';
import { pause, until } from './pause.js';
import type { LossyResult } from './report.js';
import { goLive, openStudio, studio, STUDIO_PICTURE } from './ways/studio.js';

/** What is measured, and with what. */
export type LossyPlan = { readonly lossRatio: number; readonly seconds: number; readonly publishing: Browser; readonly signal: AbortSignal };

/** One way: what a line within a country has. */
const DELAY_MS = 20;
const LOOK_MS = 200;
const OPEN_LIMIT_MS = 20_000;
const ENCODING = /^Encoding /;
const OPEN_PATH = '/api/studio/main';

/** What the origin answers to who opens a session, as far as addresses go. */
const openedSchema = z.looseObject({
  session: z.string(),
  transport: z.looseObject({ iceCandidates: z.array(z.looseObject({ ip: z.string(), port: z.number() })) }),
});

/** What the origin says of a publisher. */
const statusSchema = z.object({
  media: z.object({ width: z.number().optional(), height: z.number().optional(), videoFrames: z.number(), lostFrames: z.number() }).optional(),
  transport: z.object({ receivedBytes: z.number(), nackedPackets: z.number(), recoveredPackets: z.number() }),
});
type Status = z.infer<typeof statusSchema>;

/** Lets the studio publish over a line that loses packets, and looks what the origin makes of it. */
export async function measureLossy({ lossRatio, seconds, publishing, signal }: LossyPlan): Promise<LossyResult> {
  let encoderSessions = 0;
  const onLog = ({ msg }: { readonly msg: string }): void => {
    if (ENCODING.test(msg)) encoderSessions++;
  };
  const undo: (() => unknown)[] = [];
  try {
    const origin = await IngestOrigin.start({ settings: () => studio.originSettings(0), onLog, signal });
    undo.push(() => origin.stop());
    const page = await openStudio(publishing, origin);
    undo.push(() => page.context().close());
    let relay: LossyRelay | undefined;
    const opening = await throughRelay(page, async (originPort) => {
      relay = await LossyRelay.open(originPort, { lossRatio, delayMs: DELAY_MS });
      return relay.port;
    });
    undo.push(() => relay?.close());
    const startedAtMs = await goLive(page);
    const isOpen = (): boolean => opening.session !== undefined || opening.failure !== undefined;
    await until(isOpen, { limitMs: OPEN_LIMIT_MS, problem: () => 'The studio opened no session.', signal });
    if (opening.session === undefined) throw opening.failure ?? new BenchError('The studio opened no session.');
    const path = `${OPEN_PATH}/${opening.session}`;
    const looks: { readonly atMs: number; readonly status: Status }[] = [];
    while (Date.now() - startedAtMs < seconds * 1000) {
      await pause(LOOK_MS, signal);
      looks.push({ atMs: Date.now() - startedAtMs, status: statusSchema.parse(await (await origin.get(path)).json()) });
    }
    const last = looks.at(-1)?.status;
    if (!last?.media || !relay) throw new BenchError('The publisher did not connect.');
    return {
      lossRatio: relay.lost / Math.max(1, relay.sent),
      sharpAfterMs: looks.find(({ status: { media } }) => (media?.height ?? 0) >= STUDIO_PICTURE.height)?.atMs ?? null,
      kbps: percentile(ratesOf(looks), 0.5) ?? 0,
      nackedPackets: last.transport.nackedPackets,
      recoveredRatio: last.transport.nackedPackets === 0 ? null : last.transport.recoveredPackets / last.transport.nackedPackets,
      lostFramesRatio: last.media.lostFrames / Math.max(1, last.media.lostFrames + last.media.videoFrames),
      encoderSessions,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** The session that the studio opens; neither is there before it has asked for one. */
type Opening = { session?: string; failure?: BenchError };

/** In what the origin answers when the studio opens a session, all addresses become the relay's. */
async function throughRelay(page: Page, relayOf: (originPort: number) => Promise<number>): Promise<Opening> {
  const opening: Opening = {};
  const answer = async (route: Route): Promise<void> => {
    const response = await route.fetch();
    const opened = openedSchema.parse(await response.json());
    const { iceCandidates } = opened.transport;
    const port = await relayOf(iceCandidates.find(({ ip }) => ip === '127.0.0.1')?.port ?? 0);
    const transport = { ...opened.transport, iceCandidates: iceCandidates.map((candidate) => ({ ...candidate, port })) };
    await route.fulfill({ response, json: { ...opened, transport } });
    opening.session = opened.session;
  };
  await page.route((url) => url.pathname === OPEN_PATH, (route) =>
    answer(route).catch((error: unknown) => {
      opening.failure = new BenchError('The origin opened no session for the studio.', { cause: error });
    }),
  );
  return opening;
}

/** kb/s from one look to the next, in the second half: the rate has been found by then. */
function ratesOf(looks: readonly { readonly atMs: number; readonly status: Status }[]): number[] {
  const half = looks.slice(Math.floor(looks.length / 2));
  return half.slice(1).map(({ atMs, status }, index) => {
    const before = half[index];
    return before ? ((status.transport.receivedBytes - before.status.transport.receivedBytes) * 8) / Math.max(1, atMs - before.atMs) : 0;
  });
}
