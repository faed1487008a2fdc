import { segmentListSchema, unpackSegments, type RenditionId } from '@p2ptv/protocol';
import type { RecordedList } from '../../ports/origin-client.js';

/** Reads what an origin says that it keeps of a rendition; undefined for anything else. */
export function parseSegmentList(body: Uint8Array, rendition: RenditionId): RecordedList | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    const parsed = segmentListSchema.safeParse(json);
    if (!parsed.success || parsed.data.rendition !== rendition) return undefined;
    const segments = unpackSegments(parsed.data.runs);
    return segments && { isEnded: parsed.data.isEnded, segments };
  } catch {
    return undefined;
  }
}
