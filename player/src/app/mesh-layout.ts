import type { PeerRole } from '@p2ptv/protocol';

/** A neighbour, as far as the drawing goes. */
export type MeshNeighbour = {
  readonly peerId: string;
  readonly role: PeerRole;
  readonly receivingBitsPerSecond: number;
  readonly sendingBitsPerSecond: number;
};

/** A place in the drawing, and what flows between it and the viewer in the middle. */
export type MeshNode = MeshNeighbour & { readonly x: number; readonly y: number };

/** The drawing's size; the viewer sits in the middle. */
export const MESH_SIZE = { width: 300, height: 190 } as const;

const RADIUS = { x: 118, y: 66 } as const;
/** More would only be a blur. */
const MAX_NODES = 16;

/**
 * Places neighbours on an ellipse. The origin stands on top; the others keep their order (by id), so
 * that a node stays near its place while others come and go.
 */
export function layOutMesh(neighbours: readonly MeshNeighbour[]): MeshNode[] {
  const sorted = [...neighbours].sort((a, b) => (a.peerId < b.peerId ? -1 : 1)).slice(0, MAX_NODES);
  // Around the ellipse from the top, which is left for the origin.
  return sorted.map((neighbour, index) => {
    const angle = -Math.PI / 2 + ((index + 1) / (sorted.length + 1)) * 2 * Math.PI;
    return {
      ...neighbour,
      x: MESH_SIZE.width / 2 + Math.cos(angle) * RADIUS.x,
      y: MESH_SIZE.height / 2 + Math.sin(angle) * RADIUS.y,
    };
  });
}

/** Where the origin stands. */
export const ORIGIN_PLACE = { x: MESH_SIZE.width / 2, y: MESH_SIZE.height / 2 - RADIUS.y } as const;

/** Width of a line that carries so much. */
export function flowWidth(bitsPerSecond: number): number {
  return Math.min(5, 1.8 + Math.log2(1 + bitsPerSecond / 100_000) * 0.7);
}
