import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { FileSource } from '../../src/ingest/file-source.js';
import { allFfmpegs, encodeAll, ffmpegOutput, joined, withFolder } from './encoder-fixture.js';

const SECONDS = 7;

it.each(await allFfmpegs())('a song with a cover becomes parts of as many frames of sound each, without a hole (ffmpeg $version)', async (ffmpeg) => {
  await withFolder(async (folder) => {
    const song = join(folder, 'song.mp3');
    const cover = ['-f', 'lavfi', '-i', 'color=red:size=64x64:duration=0.04', '-map', '0', '-map', '1', '-c:v', 'mjpeg', '-frames:v', '1', '-disposition:v', 'attached_pic'];
    await ffmpegOutput(ffmpeg.path, ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${SECONDS}`, ...cover, '-c:a', 'libmp3lame', song]);
    const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file: song, isLooped: false, isPaced: false });
    const session = await encodeAll(ffmpeg, source);
    expect(session.end).toEqual({ kind: 'finished' });
    expect(session.init).toMatchObject({ codecs: 'mp4a.40.2', width: 0, height: 0, frameRate: 0, hasVideo: false, hasAudio: true });

    // 9 frames of 1024 samples are as near to 200 ms as there is.
    expect(session.cadence).toMatchObject({ framesPerPart: 9, framesPerSegment: 90, partTargetMs: 192 });
    const { parts } = session;
    for (const [index, part] of parts.entries()) {
      expect(part).toMatchObject({ decodeTimeUs: index * 192_000, isIndependent: true, videoFrameCount: 0 });
      if (index === parts.length - 1) continue;
      expect(part).toMatchObject({ durationUs: 192_000, audioFrameCount: 9, isSegmentLast: (index + 1) % 10 === 0 });
    }
    expect(parts.at(-1)!.isSegmentLast).toBe(true);
    const seconds = parts.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1e6;
    expect(Math.abs(seconds - SECONDS)).toBeLessThan(0.1);

    const file = join(folder, 'session.mp4');
    await writeFile(file, joined(session));
    const { stdout } = await ffmpegOutput(ffmpeg.path, ['-v', 'error', '-i', file, '-f', 's16le', '-ac', '1', 'pipe:1']);
    const samples = new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length - (stdout.length % 2)));
    expect(Math.abs(samples.length / 48_000 - SECONDS)).toBeLessThan(0.15);
    // The tone goes on: any hundredth of a second has it.
    for (let from = 4800; from + 4800 < samples.length; from += 480) {
      expect(samples.subarray(from, from + 480).some((sample) => Math.abs(sample) > 1000)).toBe(true);
    }
  });
});
