import { fastify, LogController, type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';

import { ViewerTokens } from '../../src/access/viewer-tokens.js';
import { AdminAccess } from '../../src/admin/admin-access.js';
import { registerAdminApi } from '../../src/admin/admin-api.js';
import { ChannelKeeper } from '../../src/admin/channel-keeper.js';
import { ChannelRegistry } from '../../src/channel/channel-registry.js';
import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import type { InputFactory } from '../../src/channel/source-factory.js';
import { IngestError } from '../../src/ingest/errors.js';
import { originStats } from '../../src/publish/origin-stats.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import type { StateStore } from '../../src/store/state-store.js';
import { UplinkBudget } from '../../src/uplink/uplink-budget.js';
import { UplinkGate } from '../../src/uplink/uplink-gate.js';
import { publisher, temporaryFolder } from '../package/stream-fixture.js';

export const PASSWORD = 'a password for tests';

/** Inputs that are never there, so that no ffmpeg runs; a file input cannot be had. */
const noInputs: InputFactory = {
  open: (settings) => (settings().input.kind === 'file' ? Promise.reject(new IngestError('BAD_INPUT', 'The input file does not exist.')) : Promise.resolve(undefined)),
  rtmpPort: undefined,
  close: () => Promise.resolve(),
};

export type Administration = {
  readonly server: FastifyInstance;
  readonly registry: ChannelRegistry;
  readonly keeper: ChannelKeeper;
  readonly store: StateStore;
  readonly access: AdminAccess;
  /** Lines of the log, at info and above. */
  readonly lines: { readonly level: number; readonly msg: string }[];
  setWallMs(ms: number): void;
  /** Asks with the cookie of the last login. */
  ask(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<LightMyRequestResponse>;
  logIn(password?: string): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
};

/** An administration over channels without inputs; `main` is in the configuration. */
export async function openAdministration(options: { readonly store?: StateStore } = {}): Promise<Administration> {
  const folder = temporaryFolder();
  const store = options.store ?? SqliteStore.open(':memory:');
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as { level: number; msg: string }) });
  let wallMs = 1_700_000_000_000;
  const clock = { nowMs: () => 0, wallMs: () => wallMs };
  const registry = new ChannelRegistry({ dataFolder: folder.path, publisher, inputs: noInputs, clock, gate: undefined, logger: pino({ level: 'silent' }) });
  await registry.add(channelSettingsSchema.parse({ slug: 'main' }));
  const gate = new UplinkGate(new UplinkBudget(20_000_000, 0), () => 0);
  const keeper = new ChannelKeeper({ registry, store: store.channels, wallMs: clock.wallMs, logger });
  await keeper.restore();
  const server = fastify({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }), bodyLimit: 16 * 1024 }) as unknown as FastifyInstance;
  await registerAdminApi(server, {
    store,
    registry,
    keeper,
    tokens: new ViewerTokens(Buffer.alloc(32, 1), clock.wallMs),
    audienceOf: () => ({ viewers: 3, seeders: 1, joins: 5, originBytes: 10, peerBytes: 20, seederBytes: 30 }),
    stats: () => originStats(registry.values(), { viewerCount: () => 3, uplinkStats: () => gate.stats() }),
    isSecure: false,
    wallMs: clock.wallMs,
  });
  const access = new AdminAccess(store.access, clock.wallMs);
  let cookie = '';
  const ask: Administration['ask'] = (method, path, body) =>
    server.inject({ method, url: `/api/admin${path}`, headers: { cookie }, ...(body ? { payload: body } : {}) });
  return {
    server,
    registry,
    keeper,
    store,
    access,
    lines,
    setWallMs: (ms) => (wallMs = ms),
    ask,
    logIn: async (password = PASSWORD) => {
      const answer = await ask('POST', '/session', { password });
      const [set] = answer.cookies;
      if (set) cookie = `${set.name}=${set.value}`;
      return answer;
    },
    close: async () => {
      await server.close();
      await registry.close();
      if (!options.store) store.close();
      folder.remove();
    },
  };
}
