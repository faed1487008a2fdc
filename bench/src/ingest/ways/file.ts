import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { BenchError } from '../../errors.js';
import type { IngestOrigin } from '../ingest-origin.js';
import type { WayIn } from './way.js';

const CLI = fileURLToPath(new URL('../../../../origin/dist/entry/cli.js', import.meta.url));
const PASSWORD = 'for-this-measurement-only';
const SLUG = 'film';

/** A film that a channel plays; an administrator starts it. */
export const file: WayIn = {
  name: 'file',
  summary: 'a channel with a film, from the request by which an administrator starts it',
  protocol: undefined,
  slug: SLUG,
  originSettings: () => ['--input', 'none'],
  prepare: async ({ origin, film }) => {
    await setPassword(origin);
    const cookie = await logIn(origin);
    const ask = (method: string, path: string, body?: object): Promise<Response> => request(origin, { method, path, body, cookie });
    // Its channel is there for whoever waits for it, and has nothing to show yet.
    await ask('POST', '/channels', { slug: SLUG, title: 'A film', input: 'none' });
    await ask('PATCH', `/channels/${SLUG}`, { input: film });
    return {
      failure: undefined,
      start: async () => {
        const startedAtMs = Date.now();
        await ask('POST', `/channels/${SLUG}/start`);
        return startedAtMs;
      },
      stop: () => Promise.resolve(),
    };
  },
};

/** As an administrator does it, beside the running origin. */
async function setPassword({ folder }: IngestOrigin): Promise<void> {
  const child = spawn(process.execPath, [CLI, 'admin', 'set-password', '--data', folder], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`${PASSWORD}\n`);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new BenchError('The origin took no password.');
}

async function logIn(origin: IngestOrigin): Promise<string> {
  const response = await request(origin, { method: 'POST', path: '/session', body: { password: PASSWORD } });
  return response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '').join('; ');
}

async function request(
  { url }: IngestOrigin,
  { method, path, body, cookie = '' }: { readonly method: string; readonly path: string; readonly body?: object | undefined; readonly cookie?: string },
): Promise<Response> {
  const response = await fetch(`${url}/api/admin${path}`, {
    method,
    headers: { cookie, origin: url, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new BenchError(`The origin answered ${method} ${path} with ${response.status}: ${await response.text()}`);
  return response;
}
