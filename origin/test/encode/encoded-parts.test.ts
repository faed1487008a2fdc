import { createFile, MP4BoxBuffer, type ISOFile } from 'mp4box';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { framesPerSecond } from '../../src/encode/frame-rate.js';
import type { Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import { FileSource } from '../../src/ingest/file-source.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { allFfmpegs, encodeAll, ffmpegOutput, joined, withFolder, type EncodedSession } from './encoder-fixture.js';

/** An independent reader of what we wrote. */
function parsed(session: EncodedSession): ISOFile {
  const file = createFile();
  const bytes = joined(session);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(Uint8Array.from(bytes).buffer, 0), true);
  file.flush();
  return file;
}

/** The rules of RFC 8216bis 4.4.4.9 and of our own cadence, for every part. */
function expectEvenParts(session: EncodedSession): void {
  const { cadence, parts } = session;
  expect(session.end).toEqual({ kind: 'finished' });
  expect(parts.length).toBeGreaterThan(10);
  let timeUs = parts[0]!.decodeTimeUs;
  for (const [index, part] of parts.entries()) {
    expect(part.decodeTimeUs).toBe(timeUs);
    timeUs += part.durationUs;
    expect(part.durationUs).toBeLessThanOrEqual(cadence.partTargetMs * 1000);
    if (!part.isSegmentLast) expect(part.durationUs).toBeGreaterThanOrEqual(cadence.partTargetMs * 850);
    const isSegmentFirst = index === 0 || parts[index - 1]!.isSegmentLast;
    if (isSegmentFirst) expect(part.isIndependent).toBe(true);
    const framesBefore = index * cadence.framesPerPart;
    expect(part.isIndependent).toBe(framesBefore % cadence.framesPerGop === 0);
    if (index < parts.length - 1) expect(part.isSegmentLast).toBe((framesBefore + cadence.framesPerPart) % cadence.framesPerSegment === 0);
    expect(part.videoFrameCount).toBeGreaterThan(0);
    if (session.init.hasAudio && index < parts.length - 1) expect(part.audioFrameCount).toBeGreaterThan(0);
  }
}

/** mp4box finds the same frames, gapless and with a key frame where we say. */
function expectSoundFile(session: EncodedSession): void {
  const file = parsed(session);
  const info = file.getInfo();
  expect(info.isFragmented).toBe(true);
  expect(info.tracks.map((track) => track.codec).join(',')).toBe(session.init.codecs);
  expect(info.videoTracks[0]!.video).toMatchObject({ width: session.init.width, height: session.init.height });
  for (const track of info.tracks) {
    const samples = file.getTrackSamplesInfo(track.id);
    for (const [index, sample] of samples.entries()) {
      if (index > 0) expect(sample.dts).toBe(samples[index - 1]!.dts + samples[index - 1]!.duration);
      expect(sample.cts).toBe(sample.dts);
    }
  }
  const video = file.getTrackSamplesInfo(1);
  expect(video.length).toBe(session.parts.reduce((sum, part) => sum + part.videoFrameCount, 0));
  for (const [index, sample] of video.entries()) expect(sample.is_sync).toBe(index % session.cadence.framesPerGop === 0);
}

/** A decoder has nothing to complain about. */
async function expectDecodes(ffmpeg: Ffmpeg, session: EncodedSession): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, 'session.mp4');
    await writeFile(file, joined(session));
    const { log } = await ffmpegOutput(ffmpeg.path, ['-loglevel', 'warning', '-i', file, '-f', 'null', '-']);
    expect(log).toBe('');
  });
}

async function fileFrom(ffmpeg: Ffmpeg, folder: string, args: readonly string[]): Promise<FileSource> {
  const file = join(folder, 'input.mkv');
  await ffmpegOutput(ffmpeg.path, ['-loglevel', 'error', ...args, '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', file]);
  return FileSource.create({ ffmpegPath: ffmpeg.path, file, isLooped: false, isPaced: false });
}

for (const ffmpeg of await allFfmpegs()) {
  describe(`parts by ffmpeg ${ffmpeg.version}`, () => {
    it.each([
      [24, { numerator: 24, denominator: 1 }],
      [25, { numerator: 25, denominator: 1 }],
      [29.97, { numerator: 30_000, denominator: 1001 }],
      [30, { numerator: 30, denominator: 1 }],
      [50, { numerator: 50, denominator: 1 }],
      [60, { numerator: 60, denominator: 1 }],
    ])('are even at %s fps, with sound in each', async (_fps, frameRate) => {
      const source = new TestCardSource({ width: 320, height: 180, frameRate, durationSeconds: 5, isPaced: false });
      const session = await encodeAll(ffmpeg, source);
      expect(session.init).toMatchObject({ width: 320, height: 180, hasAudio: true, frameRate: framesPerSecond(frameRate) });
      expectEvenParts(session);
      expectSoundFile(session);
      await expectDecodes(ffmpeg, session);
      expect(session.parts.reduce((sum, part) => sum + part.videoFrameCount, 0)).toBeGreaterThanOrEqual(Math.floor(framesPerSecond(frameRate) * 5) - 1);
    });

    it.each([100, 333, 500])('are even when %s ms are asked for', async (partMs) => {
      const source = new TestCardSource({ width: 320, height: 180, durationSeconds: 6, isPaced: false });
      const session = await encodeAll(ffmpeg, source, { partMs });
      expectEvenParts(session);
      expectSoundFile(session);
    });

    it('are even without sound, and the init segment has no audio track', async () => {
      const source = new TestCardSource({ width: 320, height: 180, durationSeconds: 4, hasAudio: false, isPaced: false });
      const session = await encodeAll(ffmpeg, source);
      expect(session.init.hasAudio).toBe(false);
      expect(session.init.codecs).toMatch(/^avc1\.[0-9a-f]{6}$/);
      expectEvenParts(session);
      expectSoundFile(session);
      await expectDecodes(ffmpeg, session);
    });

    it('are even from a file of variable rate', async () => {
      await withFolder(async (folder) => {
        // Every fifth frame is missing, and a whole second from the 60th on comes at half the rate.
        const source = await fileFrom(ffmpeg, folder, [
          ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=5', '-f', 'lavfi', '-i', 'sine=duration=5'],
          ...['-vf', "select='mod(n,5)*if(between(n,60,90),mod(n,2),1)'", ffmpeg.constantRateOptions[0]!, 'vfr'],
        ]);
        const session = await encodeAll(ffmpeg, source);
        expectEvenParts(session);
        expectSoundFile(session);
        expect(session.parts.reduce((sum, part) => sum + part.durationUs, 0)).toBeGreaterThan(4.8e6);
      });
    });

    it('have sound from the first on when the sound of the file begins late', async () => {
      await withFolder(async (folder) => {
        const source = await fileFrom(ffmpeg, folder, [
          ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=4'],
          ...['-itsoffset', '1.5', '-f', 'lavfi', '-i', 'sine=duration=2.5'],
        ]);
        const session = await encodeAll(ffmpeg, source);
        expectEvenParts(session);
        expectSoundFile(session);
      });
    });

    it('have sound from the first on when the late sound comes in real time', async () => {
      await withFolder(async (folder) => {
        const file = await fileFrom(ffmpeg, folder, [
          ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=4'],
          ...['-itsoffset', '1.5', '-f', 'lavfi', '-i', 'sine=duration=2.5'],
        ]);
        const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file: join(folder, 'input.mkv'), isLooped: false });
        expect(file.media.hasAudio).toBe(true);
        const session = await encodeAll(ffmpeg, source);
        expectEvenParts(session);
        expectSoundFile(session);
        await expectDecodes(ffmpeg, session);
      });
    });

    it('are even across the turns of a loop', async () => {
      await withFolder(async (folder) => {
        await fileFrom(ffmpeg, folder, [
          ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=1.3', '-f', 'lavfi', '-i', 'sine=duration=1.4'],
        ]);
        const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file: join(folder, 'input.mkv'), isPaced: false });
        const feed = await source.open(new AbortController().signal);
        expect(feed!.inputArguments.slice(0, 2)).toEqual(['-stream_loop', '-1']);
        const fourTurns = { ...feed!, inputArguments: ['-stream_loop', '3', ...feed!.inputArguments.slice(2)] };
        const session = await encodeAll(ffmpeg, { kind: 'file', label: 'four turns', open: () => Promise.resolve(fourTurns), close: () => Promise.resolve() });
        expectEvenParts(session);
        expectSoundFile(session);
        expect(session.parts.reduce((sum, part) => sum + part.durationUs, 0)).toBeGreaterThan(3 * 1.38e6 + 1.2e6);
      });
    });

    it('come anew at each turn where picture and sound differ much in length', async () => {
      await withFolder(async (folder) => {
        await fileFrom(ffmpeg, folder, [
          ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=3', '-f', 'lavfi', '-i', 'sine=duration=1'],
        ]);
        const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file: join(folder, 'input.mkv'), isPaced: false });
        for (let turn = 0; turn < 2; turn++) {
          const session = await encodeAll(ffmpeg, source);
          expectEvenParts(session);
          expectSoundFile(session);
          expect([75, 76]).toContain(session.parts.reduce((sum, part) => sum + part.videoFrameCount, 0));
        }
      });
    });

    it('keep the aspect of an odd size, with even sides', async () => {
      await withFolder(async (folder) => {
        const source = await fileFrom(ffmpeg, folder, [
          ...['-f', 'lavfi', '-i', 'testsrc2=size=1922x1082:rate=30:duration=2.2', '-pix_fmt', 'yuv420p'],
        ]);
        const session = await encodeAll(ffmpeg, source, { encoding: { ladder: [360] } });
        expect(session.init).toMatchObject({ width: 638, height: 360 });
      });
    });

    it.each([
      ['no height: 720', undefined, { width: 1280, height: 720 }],
      ['a height above 720', 900, { width: 1600, height: 900 }],
      ['a height above the picture’s: never enlarged', 2160, { width: 1920, height: 1080 }],
    ])('%s', async (_what, height, size) => {
      const source = new TestCardSource({ width: 1920, height: 1080, durationSeconds: 0.5, isPaced: false });
      const session = await encodeAll(ffmpeg, source, { encoding: height === undefined ? {} : { ladder: [height] } });
      expect(session.init).toMatchObject(size);
    });
  });
}
