import type { ReactElement } from 'react';
import { formatBytes } from '../format.js';
import { usePolled } from '../use-polled.js';
import { adminApi, type OriginStats } from './admin-api.js';

const REFRESH_MS = 2_000;

/** Whether the origin is well, and what it sends. */
export function HealthSection(): ReactElement {
  const { value: stats, error } = usePolled(adminApi.stats, REFRESH_MS);
  return (
    <section aria-labelledby="health-title">
      <div className="section-head">
        <h1 id="health-title">Health</h1>
        <p className={error ? 'badge badge-live' : 'badge badge-good'} role="status">
          {error ? error.message : 'The origin answers'}
        </p>
      </div>
      {stats && <StreamTable stats={stats} />}
      {stats?.uplink && (
        <dl className="facts card">
          {factsOf(stats.uplink).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <p className="muted">
        For machines: <a href="/metrics">/metrics</a>, <a href="/healthz">/healthz</a>, and <a href="/api/admin/docs">the API</a>.
      </p>
    </section>
  );
}

function StreamTable({ stats }: { readonly stats: OriginStats }): ReactElement {
  return (
    // Reached by keyboard, since it scrolls sideways where a name is long.
    <div className="card table-scroll" tabIndex={0} role="region" aria-label="Streams">
      <table>
        <thead>
          <tr>
            <th scope="col">Stream</th>
            <th scope="col">Viewers</th>
            <th scope="col">Waiting requests</th>
            <th scope="col">Sent by HTTP</th>
            <th scope="col">Sent by its seeder</th>
            <th scope="col">Media in memory</th>
          </tr>
        </thead>
        <tbody>
          {stats.streams.map(({ slug, viewers, waiters, memoryBytes, originBytes: { seeder = 0, ...byHttp } }) => (
            <tr key={slug}>
              <th scope="row">{slug}</th>
              <td data-label="Viewers">{viewers}</td>
              <td data-label="Waiting requests">{waiters}</td>
              <td data-label="Sent by HTTP">{formatBytes(Object.values(byHttp).reduce((sum, bytes) => sum + bytes, 0))}</td>
              <td data-label="Sent by its seeder">{formatBytes(seeder)}</td>
              <td data-label="Media in memory">{formatBytes(memoryBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Names and figures of the uplink, for people. */
function factsOf(uplink: NonNullable<OriginStats['uplink']>): [string, string][] {
  return Object.entries(uplink).flatMap(([name, value]): [string, string][] =>
    typeof value === 'number' ? [[wordsOf(name), Math.round(value).toLocaleString('en')]] : Object.entries(value).map(([use, bytes]) => [`${wordsOf(name)}, ${use}`, formatBytes(bytes)]),
  );
}

/** `uplinkBitsPerSecond` as words. */
function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
