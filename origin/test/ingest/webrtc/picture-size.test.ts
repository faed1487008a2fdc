import { expect, it } from 'vitest';

import { WebRtcPublication, type WebRtcPublicationOptions } from '../../../src/ingest/webrtc/webrtc-publication.js';

/** A publisher who sends VP8 at 30 fps in pictures of whichever size, and an encoder that takes each session. */
class Sender {
  readonly #publication: WebRtcPublication;
  /** Sizes at which sessions encode. */
  readonly sessions: string[] = [];
  keyFramesAsked = 0;
  #frame = 0;
  #size = '';

  constructor(size?: WebRtcPublicationOptions['size']) {
    this.#publication = new WebRtcPublication({ videoCodec: 'vp8', hasAudio: false, size, requestKeyFrame: () => this.keyFramesAsked++ });
    this.#publication.onReady = () => this.#open();
  }

  /** Sends pictures of a size for a time; the first is a key frame if the size is new or one was asked for. */
  send(width: number, height: number, seconds: number): void {
    const size = `${width}x${height}`;
    for (let count = 0; count < seconds * 30; count++) {
      const isKey = size !== this.#size || this.keyFramesAsked > 0;
      this.#size = size;
      this.keyFramesAsked = 0;
      const frame = this.#frame++;
      const payload = isKey ? keyFrame(width, height) : Uint8Array.of(0x10, 1, 0, 0);
      this.#publication.video.onPacket({ sequenceNumber: frame & 0xffff, timestamp: frame * 3000, isMarked: true, payload, arrivedAtMs: frame * (1000 / 30) });
    }
  }

  #open(): void {
    const { stdin, canvas, media } = this.#publication.open();
    expect(canvas).toEqual({ width: media.width, height: media.height });
    this.sessions.push(`${canvas!.width}x${canvas!.height}`);
    // As ffmpeg: what it is given goes.
    stdin!.resume();
  }
}

/** RFC 6386 section 9.1 behind RFC 7741 section 4.2. */
function keyFrame(width: number, height: number): Uint8Array {
  return Uint8Array.of(0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, width & 0xff, width >> 8, height & 0xff, height >> 8, 0, 0);
}

it('a picture that begins small is encoded from the first frame on at the size that was said', () => {
  const sender = new Sender({ width: 1280, height: 720 });
  sender.send(640, 360, 2);
  sender.send(960, 540, 5);
  sender.send(1280, 720, 5);
  sender.send(640, 360, 5);
  expect(sender.sessions).toEqual(['1280x720']);
});

it('a phone that is held upright sends what it said turned', () => {
  const sender = new Sender({ width: 1280, height: 720 });
  sender.send(360, 640, 1);
  expect(sender.sessions).toEqual(['720x1280']);
});

it('a size of another shape than the picture’s is not believed', () => {
  const sender = new Sender({ width: 1280, height: 720 });
  sender.send(640, 480, 1);
  expect(sender.sessions).toEqual(['640x480']);
});

it('where no size was said, a picture that grows begins one session more, when it has stayed so for 3 s', () => {
  const sender = new Sender();
  sender.send(640, 360, 2);
  sender.send(960, 540, 2.5);
  sender.send(1280, 720, 2.5);
  expect(sender.sessions).toEqual(['640x360']);
  sender.send(1280, 720, 1);
  expect(sender.sessions).toEqual(['640x360', '1280x720']);
  sender.send(960, 540, 5);
  expect(sender.sessions).toEqual(['640x360', '1280x720']);
});

it('a picture of another shape begins a session at once', () => {
  const sender = new Sender({ width: 1280, height: 720 });
  sender.send(1280, 720, 1);
  sender.send(720, 1280, 0.1);
  expect(sender.sessions).toEqual(['1280x720', '720x1280']);
});
