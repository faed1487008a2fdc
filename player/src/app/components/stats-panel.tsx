import type { ReactElement } from 'react';
import type { UploadPolicy } from '@p2ptv/peer';
import { formatBytes, formatMs, formatSeconds, formatShare } from '../format.js';
import type { P2ptvStats } from '../../library/index.js';
import { MeshDrawing } from './mesh-drawing.js';
import { UploadControl } from './upload-control.js';

type StatsPanelProps = {
  readonly stats: P2ptvStats | undefined;
  readonly originBitsPerSecond: number;
  readonly upload: UploadPolicy;
  readonly onUpload: (policy: UploadPolicy) => void;
};

/** What the mesh does for this viewer, and what he does for it. */
export function StatsPanel({ stats, originBitsPerSecond, upload, onUpload }: StatsPanelProps): ReactElement {
  const bytes = stats?.bytes ?? { fromPeers: 0, fromOrigin: 0, fromSeeder: 0, fromCache: 0, sent: 0 };
  const receivedBytes = bytes.fromPeers + bytes.fromOrigin + bytes.fromSeeder;
  const peerShare = receivedBytes === 0 ? 0 : bytes.fromPeers / receivedBytes;
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
        <p className="figure-label">did not come from the origin</p>
        <div className={`share-bar ${receivedBytes === 0 ? 'is-empty' : ''}`} role="img" aria-label={`${Math.round(peerShare * 100)} % of the bytes came from peers`}>
          <span style={{ width: `${peerShare * 100}%` }} />
        </div>
      </section>

      <dl className="figures">
        <Figure label="Startup" value={formatMs(stats?.startupMs)} stat="startup" />
        <Figure label="Playout delay" value={formatSeconds(stats?.playoutDelayMs)} stat="playout-delay" />
        <Figure label="Neighbours" value={stats ? String(neighbours) : '–'} stat="neighbours" />
      </dl>

      <MeshDrawing stats={stats} originBitsPerSecond={originBitsPerSecond} />

      <dl className="figures figures-bytes">
        <Figure label="From peers" value={formatBytes(bytes.fromPeers)} stat="from-peers" tone="peer" />
        <Figure label="From origin" value={formatBytes(bytes.fromOrigin + bytes.fromSeeder)} stat="from-origin" tone="origin" />
        {bytes.fromCache > 0 && <Figure label="From own disk" value={formatBytes(bytes.fromCache)} stat="from-cache" />}
        <Figure label="Passed on" value={formatBytes(bytes.sent)} stat="sent" tone="sent" />
      </dl>

      <UploadControl policy={upload} onChange={onUpload} />
    </aside>
  );
}

type FigureProps = { readonly label: string; readonly value: string; readonly stat: string; readonly tone?: string };

function Figure({ label, value, stat, tone }: FigureProps): ReactElement {
  return (
    <div className={`figure ${tone === undefined ? '' : `tone-${tone}`}`}>
      <dt className="figure-label">{label}</dt>
      <dd data-stat={stat}>{value}</dd>
    </div>
  );
}
