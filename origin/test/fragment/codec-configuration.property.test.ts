import fc from 'fast-check';
import { expect, it } from 'vitest';

import { parseAudioSpecificConfig, parseAvcConfiguration } from '../../src/fragment/codec-configuration.js';

it('any bytes are read or refused, never an exception or a picture without size', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, isFramed) => {
      const avcC = isFramed ? Uint8Array.from([1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, bytes.length, ...bytes]) : bytes;
      const video = parseAvcConfiguration(avcC);
      if (video !== undefined) {
        expect(video.width).toBeGreaterThan(0);
        expect(video.height).toBeGreaterThan(0);
        expect(video.codec).toMatch(/^avc1\.[0-9a-f]{6}$/);
      }
      const audio = parseAudioSpecificConfig(bytes);
      if (audio !== undefined) expect(audio.codec).toMatch(/^mp4a\.40\.\d+$/);
    }),
    { numRuns: 2000 },
  );
});

it.each([
  ['AAC-LC, 48 kHz, stereo, as ffmpeg writes it', [0x11, 0x90, 0x56, 0xe5, 0x00], 'mp4a.40.2', 48_000, 2],
  ['AAC-LC, 44.1 kHz, mono', [0x12, 0x08], 'mp4a.40.2', 44_100, 1],
  ['HE-AAC, 24 kHz, stereo', [0x2b, 0x11], 'mp4a.40.5', 24_000, 2],
])('%s', (_name, bytes, codec, sampleRate, channelCount) => {
  expect(parseAudioSpecificConfig(Uint8Array.from(bytes))).toMatchObject({ codec, sampleRate, channelCount });
});
