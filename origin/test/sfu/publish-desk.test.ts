import { expect, it } from 'vitest';

import { WebRtcSource } from '../../src/ingest/webrtc/webrtc-source.js';
import { PublishDesk } from '../../src/sfu/publish-desk.js';
import type { SfuPort, SfuTransport } from '../../src/sfu/sfu-port.js';

/** Transports that wait for clients who never come, and take a moment to be made. */
class SlowSfu implements SfuPort {
  made = 0;
  ended = 0;

  async createTransport(): Promise<SfuTransport> {
    await new Promise(setImmediate);
    const id = String(this.made++);
    return {
      parameters: { id, iceParameters: { usernameFragment: '', password: '', iceLite: true }, iceCandidates: [], dtlsParameters: { role: 'server', fingerprints: [] } },
      state: 'new',
      stats: { receivedBytes: 0, receivedPackets: 0, nackedPackets: 0, recoveredPackets: 0 },
      onStateChange: undefined,
      connect: () => Promise.resolve(undefined),
      produce: () => Promise.resolve('Not here.'),
      close: () => {
        this.ended++;
      },
    };
  }

  close(): void {
    return;
  }
}

it('publishers who come at the same moment are counted like those who come one by one', async () => {
  const sfu = new SlowSfu();
  const source = new WebRtcSource();
  const desk = new PublishDesk({ openSfu: () => Promise.resolve(sfu), targetOf: () => ({ isStreamKey: () => true, source, retitle: () => Promise.resolve() }) });
  const open = (): ReturnType<PublishDesk['open']> => desk.open({ slug: 'main', key: 'key', address: '127.0.0.1' });
  const answers = await Promise.all(Array.from({ length: 40 }, open));
  expect(answers.filter((answer) => 'message' in answer).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 503));
  expect(sfu.made).toBe(32);
  for (const answer of answers) if ('stop' in answer) answer.stop();
  expect(await open()).not.toHaveProperty('message');
  desk.close();
});

it('who comes while it closes is told so, and leaves no connection open', async () => {
  const sfu = new SlowSfu();
  const source = new WebRtcSource();
  const desk = new PublishDesk({ openSfu: () => Promise.resolve(sfu), targetOf: () => ({ isStreamKey: () => true, source, retitle: () => Promise.resolve() }) });
  const answer = desk.open({ slug: 'main', key: 'key', address: '127.0.0.1' });
  desk.close();
  expect(await answer).toMatchObject({ status: 503 });
  expect(await desk.open({ slug: 'main', key: 'key', address: '127.0.0.1' })).toMatchObject({ status: 503 });
  expect([sfu.made, sfu.ended]).toEqual([1, 1]);
});
