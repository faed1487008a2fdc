import type { FastifyInstance } from 'fastify';

import { sendProblem, takeOver } from './answer.js';
import type { ListedSegment } from '../captions/live-captions.js';
import type { PublishedStream } from './published-stream.js';
import { renderedText, type RenderedText } from './rendered-text.js';
import type { ServedStream } from './served-stream.js';
import { streamOf, type StreamDirectory } from './stream-directory.js';
import { sendText } from './text-answer.js';

type CaptionAnswer = { readonly text: RenderedText | undefined; readonly contentType: string };

const PLAYLIST = 'application/vnd.apple.mpegurl';
const WEBVTT = 'text/vtt; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/** Serves captions that are text: for players by segments, for pages of a recording whole, of a live stream by date. */
export function registerCaptionRoutes(fastify: FastifyInstance, streams: StreamDirectory): void {
  fastify.get('/live/:slug/captions/:track/:file', async (request, reply) => {
    const published = streamOf(streams, request);
    const { track, file } = request.params as { track: string; file: string };
    const number = /^\d$/.test(track) ? Number(track) : Number.NaN;
    const answer = published && (published.live.recordedCaptions ? await recorded(published, number, file) : live(published, number, file));
    if (!published || answer?.text === undefined) return sendProblem(reply, 404, 'There are no such captions.');
    sendText(takeOver(request, reply), published, { text: answer.text, contentType: answer.contentType, kind: 'playlists' });
    return reply;
  });
}

async function recorded({ live: { recordedCaptions, log } }: PublishedStream, track: number, file: string): Promise<CaptionAnswer | undefined> {
  const ready = (text: string | undefined, contentType: string): CaptionAnswer => ({ text: text === undefined ? undefined : renderedText(text), contentType });
  if (file === 'captions.vtt') return ready(await recordedCaptions?.text(track), WEBVTT);
  if (file === 'index.m3u8') return ready(recordedCaptions?.playlist(track, log.recorded().reduce((sum, { durationUs }) => sum + durationUs, 0) / 1e6), PLAYLIST);
  const [, stretch] = /^stretch-(\d{1,4})\.vtt$/.exec(file) ?? [];
  return stretch === undefined ? undefined : ready(await recordedCaptions?.stretch(track, Number(stretch)), WEBVTT);
}

function live({ live: stream, captions }: PublishedStream, track: number, file: string): CaptionAnswer | undefined {
  const { textCaptions, record } = stream;
  if (!textCaptions || !record) return undefined;
  const { targetDurationSeconds, isEnded } = record;
  const get = (render: () => string | undefined): RenderedText | undefined => captions.get(`${track}/${file}`, render);
  if (file === 'index.m3u8') {
    return { text: get(() => textCaptions.playlist(track, { listed: listedSegments(stream, isEnded), targetDurationSeconds, isEnded })), contentType: PLAYLIST };
  }
  const [, epoch, mediaSequence] = /^segment-(\d{1,10})-(\d{1,10})\.vtt$/.exec(file) ?? [];
  if (epoch !== undefined) {
    const place = { epoch: Number(epoch), mediaSequence: Number(mediaSequence) };
    return { text: get(() => textCaptions.segment(track, place, targetDurationSeconds)), contentType: WEBVTT };
  }
  const [, slot] = /^(\d{1,12})\.json$/.exec(file) ?? [];
  if (slot === undefined) return undefined;
  const told = (): string | undefined => {
    const found = textCaptions.slot(track, Number(slot));
    return found && JSON.stringify(found);
  };
  return { text: get(told), contentType: JSON_TYPE };
}

/** What has ended can be watched from its beginning. */
function listedSegments({ log }: ServedStream, isEnded: boolean): ListedSegment[] {
  const kept = isEnded ? log.recorded().map((segment) => ({ ...segment, isComplete: true })) : log.timeline.segments.map((segment) => ({ ...segment, programDateTimeMs: segment.parts[0]?.programDateTimeMs ?? 0 }));
  return kept.map(({ epoch, mediaSequence, programDateTimeMs: dateMs, durationUs, isComplete }) => ({ epoch, mediaSequence, dateMs, durationMs: durationUs / 1000, isComplete }));
}
