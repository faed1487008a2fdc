import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NodeWebRtcHandler } from '../../../src/adapters/webrtc-node/node-webrtc-handler.js';
import { SharedSocket } from '../../../src/adapters/webrtc-node/shared-socket.js';

const DESCRIPTORS = '/proc/self/fd';

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, () => socket.close(() => resolve(true)));
  });
}

describe('a socket that connections share', () => {
  it('has its port from its reservation on, and frees it when nobody has used it', async () => {
    const socket = (await SharedSocket.reserve())!;
    expect(await isFree(socket.port)).toBe(false);
    expect(await SharedSocket.reserve(socket.port)).toBeUndefined();
    socket.close();
    expect(await isFree(socket.port)).toBe(true);
    expect(socket.open()).toBe(false);
  });

  it('keeps its port when the library takes it', async () => {
    const socket = (await SharedSocket.reserve())!;
    expect([socket.open(), socket.open()]).toEqual([true, true]);
    expect(await isFree(socket.port)).toBe(false);
    socket.close();
  });

  it.skipIf(process.platform !== 'linux')('leaves no descriptor behind where a handler had no connection', async () => {
    (await NodeWebRtcHandler.create()).close();
    const before = readdirSync(DESCRIPTORS).length;
    for (let made = 0; made < 5; made++) (await NodeWebRtcHandler.create()).close();
    expect(readdirSync(DESCRIPTORS).length).toBe(before);
  });
});
