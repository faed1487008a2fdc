import type { ReactElement } from 'react';
import type { CacheSize, UploadPolicy } from '@p2ptv/peer';
import { formatBytes, formatMs, formatSeconds, formatShare } from '../format.js';
import type { P2ptvStats } from '../../library/index.js';
import { sourceShares } from '../source-shares.js';
import { CacheControl } from './cache-control.js';
import { MeshDrawing } from './mesh-drawing.js';
import { UploadControl } from './upload-control.js';

type StatsPanelProps = {
  readonly stats: P2ptvStats | undefined;
  readonly originBitsPerSecond: number;
  readonly upload: UploadPolicy;
  readonly onUpload: (policy: UploadPolicy) => void;
  /** What the viewer's disk keeps; undefined: nothing is kept there. */
  readonly cacheSize: CacheSize | undefined;
  readonly onClearCache: () => Promise<void>;
};

/** What the mesh does for this viewer, and what he does for it. */
export function StatsPanel({ stats, originBitsPerSecond, upload, onUpload, cacheSize, onClearCache }: StatsPanelProps): ReactElement {
  const bytes = stats?.bytes ?? { fromPeers: 0, fromOrigin: 0, fromSeeder: 0, fromCache: 0, sent: 0 };
  const serverBytes = bytes.fromOrigin + bytes.fromSeeder;
  const isEmpty = serverBytes + bytes.fromPeers + bytes.fromCache === 0;
  const shares = sourceShares(bytes);
  const neighbours = stats?.neighbours.filter(({ role }) => role !== 'origin').length ?? 0;
  return (
    <aside className="panel" aria-label="The mesh">
      <section className="offload">
        <p className="figure-label" id="offload-label">
          Offload
        </p>
        <p className="offload-figure" aria-labelledby="offload-label" data-stat="offload">
          {formatShare(stats?.offloadRatio)}
        </p>
        <p className="figure-label">of the media spared the origin, overhead deducted</p>
        <div
          className={`share-bar ${isEmpty ? 'is-empty' : ''}`}
          role="img"
          aria-label={`${shares.peers} % of the media came from peers, ${shares.server} % from the origin, ${shares.ownDisk} % from this device`}
        >
          <span className="share-peers" style={{ width: `${shares.peers}%` }} />
          <span className="share-own-disk" style={{ width: `${shares.ownDisk}%` }} />
        </div>
      </section>

      <dl className="figures">
        <Figure label="Startup" value={formatMs(stats?.startupMs)} stat="startup" />
        <Figure label="Playout delay" value={formatSeconds(stats?.playoutDelayMs)} stat="playout-delay" />
        <Figure label="Neighbours" value={stats ? String(neighbours) : '–'} stat="neighbours" />
      </dl>

      <MeshDrawing stats={stats} originBitsPerSecond={originBitsPerSecond} />

      <dl className="figures figures-bytes">
        <Figure label="From peers" value={formatBytes(bytes.fromPeers)} share={isEmpty ? undefined : shares.peers} stat="from-peers" tone="peer" />
        <Figure label="From origin" value={formatBytes(serverBytes)} share={isEmpty ? undefined : shares.server} stat="from-origin" tone="origin" />
        {cacheSize && <Figure label="From this device" value={formatBytes(bytes.fromCache)} share={isEmpty ? undefined : shares.ownDisk} stat="from-cache" tone="own-disk" />}
        <Figure label="Passed on" value={formatBytes(bytes.sent)} stat="sent" tone="sent" />
      </dl>

      <UploadControl policy={upload} onChange={onUpload} />
      {cacheSize && <CacheControl size={cacheSize} onClear={onClearCache} />}
    </aside>
  );
}

type FigureProps = {
  readonly label: string;
  readonly value: string;
  /** Of all media, per cent. */
  readonly share?: number | undefined;
  readonly stat: string;
  readonly tone?: string;
};

function Figure({ label, value, share, stat, tone }: FigureProps): ReactElement {
  return (
    <div className={`figure ${tone === undefined ? '' : `tone-${tone}`}`}>
      <dt className="figure-label">{label}</dt>
      <dd data-stat={stat}>{value}</dd>
      {share !== undefined && (
        <dd className="figure-share" data-share={stat}>
          {share} %
        </dd>
      )}
    </div>
  );
}
