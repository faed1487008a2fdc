import { monotonicMs } from '../load/monotonic-ms.js';
import { answerCalls } from '../load/process-calls.js';
import { HttpClient, type HttpAnswer } from './http-client.js';

/** The clients' own process: what they cost is not to be taken for the server's. */

/** What a round came to. */
export type Round = {
  /** When each client had all of its answer, monotonic ms. */
  readonly endedAtMs: readonly number[];
  readonly bodyBytes: number;
  /** Clients that were answered with something else than 200, or not at all; the first reason. */
  readonly failed: number;
  readonly failure: string | null;
};
/** Bytes fetched as fast as they come. */
export type Download = { readonly bodyBytes: number; readonly answers: number; readonly seconds: number };

/** Connections opened at a time: a listen queue holds some hundreds. */
const OPENED_AT_ONCE = 100;

let clients: HttpClient[] = [];
let round: Promise<Round> | undefined;

answerCalls({
  connect: async ({ port, count }: { readonly port: number; readonly count: number }): Promise<void> => {
    while (clients.length < count) {
      const more = Math.min(OPENED_AT_ONCE, count - clients.length);
      clients.push(...(await Promise.all(Array.from({ length: more }, () => HttpClient.open(port)))));
    }
  },
  ask: ({ path }: { readonly path: string }): void => {
    round = collect(clients.map((client) => client.get(path)));
  },
  answers: async (): Promise<Round> => {
    if (!round) throw new Error('nothing was asked');
    return round;
  },
  download: async ({ paths, seconds }: { readonly paths: readonly string[]; readonly seconds: number }): Promise<Download> => {
    const startMs = monotonicMs();
    const total = { bodyBytes: 0, answers: 0 };
    await Promise.all(
      clients.map(async (client, index) => {
        for (let turn = index; monotonicMs() < startMs + seconds * 1000; turn++) {
          const { status, bodyBytes } = await client.get(paths[turn % paths.length] ?? '/');
          if (status !== 200) throw new Error(`answered with ${status}`);
          total.bodyBytes += bodyBytes;
          total.answers++;
        }
      }),
    );
    return { ...total, seconds: (monotonicMs() - startMs) / 1000 };
  },
  close: (): void => {
    for (const client of clients) client.close();
    clients = [];
  },
});
// It stays until the bench goes.
process.channel?.ref();

async function collect(asked: readonly Promise<HttpAnswer>[]): Promise<Round> {
  const endedAtMs: number[] = [];
  let bodyBytes = 0;
  let failed = 0;
  let failure: string | null = null;
  const answers = await Promise.allSettled(asked);
  for (const answer of answers) {
    if (answer.status === 'fulfilled' && answer.value.status === 200) {
      endedAtMs.push(answer.value.endedAtMs);
      bodyBytes += answer.value.bodyBytes;
      continue;
    }
    failed++;
    failure ??= answer.status === 'fulfilled' ? `answered with ${answer.value.status}` : String(answer.reason);
  }
  return { endedAtMs, bodyBytes, failed, failure };
}
