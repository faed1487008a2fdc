import type { ReactElement } from 'react';
import { flowWidth, layOutMesh, MESH_SIZE, ORIGIN_PLACE, type MeshNode } from '../mesh-layout.js';
import type { P2ptvStats } from '../../library/index.js';

const ME = { x: MESH_SIZE.width / 2, y: MESH_SIZE.height / 2 } as const;
/** Below this, a link only lives, bits a second. */
const FLOW_FLOOR = 8_000;

type MeshDrawingProps = {
  readonly stats: P2ptvStats | undefined;
  /** What the origin sends this viewer, by HTTP and by its seeder. */
  readonly originBitsPerSecond: number;
};

/** Who feeds me and whom I feed: lines move the way the bytes do. */
export function MeshDrawing({ stats, originBitsPerSecond }: MeshDrawingProps): ReactElement {
  const peers = stats?.neighbours.filter(({ role }) => role !== 'origin') ?? [];
  const nodes = layOutMesh(peers);
  const feeders = nodes.filter(isFeeding).length;
  const fed = nodes.filter(isFed).length;
  return (
    <figure className="mesh">
      <svg
        viewBox={`0 0 ${MESH_SIZE.width} ${MESH_SIZE.height}`}
        role="img"
        aria-label={`${feeders} of ${nodes.length} neighbours feed you, you feed ${fed}`}
      >
        <line className="mesh-link" x1={ORIGIN_PLACE.x} y1={ORIGIN_PLACE.y} x2={ME.x} y2={ME.y} />
        {originBitsPerSecond > FLOW_FLOOR && (
          <Flow from={ORIGIN_PLACE} to={ME} rate={originBitsPerSecond} kind="origin" offset={0} />
        )}
        {nodes.map((node) => (
          <g key={node.peerId}>
            <line className="mesh-link" x1={node.x} y1={node.y} x2={ME.x} y2={ME.y} />
            {isFeeding(node) && <Flow from={node} to={ME} rate={node.receivingBitsPerSecond} kind="peer" offset={3} />}
            {isFed(node) && <Flow from={ME} to={node} rate={node.sendingBitsPerSecond} kind="sent" offset={3} />}
          </g>
        ))}
        {nodes.map((node) => (
          <circle
            key={node.peerId}
            className={`mesh-node ${isFeeding(node) ? 'is-feeding' : ''} ${isFed(node) ? 'is-fed' : ''}`}
            cx={node.x}
            cy={node.y}
            r="7"
          />
        ))}
        <g className="mesh-origin">
          <rect x={ORIGIN_PLACE.x - 8} y={ORIGIN_PLACE.y - 8} width="16" height="16" rx="4" />
          <text x={ORIGIN_PLACE.x} y={ORIGIN_PLACE.y - 14} textAnchor="middle">
            Origin
          </text>
        </g>
        {stats !== undefined && nodes.length === 0 && (
          <text className="mesh-hint" x={ME.x} y={MESH_SIZE.height - 26} textAnchor="middle">
            Other viewers appear here
          </text>
        )}
        <circle className="mesh-me" cx={ME.x} cy={ME.y} r="13" />
        <text className="mesh-me-label" x={ME.x} y={ME.y + 3.5} textAnchor="middle">
          You
        </text>
      </svg>
      <figcaption>
        <span className="key key-peer">feeds you</span>
        <span className="key key-sent">fed by you</span>
        <span className="key key-origin">origin</span>
      </figcaption>
    </figure>
  );
}

type Place = { readonly x: number; readonly y: number };
type FlowProps = {
  readonly from: Place;
  readonly to: Place;
  readonly rate: number;
  readonly kind: 'peer' | 'sent' | 'origin';
  /** Sideways, so that both directions of a link can be seen. */
  readonly offset: number;
};

function Flow({ from, to, rate, kind, offset }: FlowProps): ReactElement {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const dx = (-(to.y - from.y) / length) * offset;
  const dy = ((to.x - from.x) / length) * offset;
  return (
    <line
      className={`flow flow-${kind}`}
      x1={from.x + dx}
      y1={from.y + dy}
      x2={to.x + dx}
      y2={to.y + dy}
      strokeWidth={flowWidth(rate)}
    />
  );
}

function isFeeding(node: MeshNode): boolean {
  return node.receivingBitsPerSecond > FLOW_FLOOR;
}

function isFed(node: MeshNode): boolean {
  return node.sendingBitsPerSecond > FLOW_FLOOR;
}
