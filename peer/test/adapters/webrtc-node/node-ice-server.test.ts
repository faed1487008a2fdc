import { describe, expect, it } from 'vitest';
import { nativeIceServers } from '../../../src/adapters/webrtc-node/node-ice-server.js';

const turn = { username: 'u', credential: 'c' };

describe('ICE servers for libdatachannel', () => {
  it.each([
    [{ urls: ['stun:stun.example.org'] }, ['stun:stun.example.org:3478']],
    [{ urls: ['stun:[2001:db8::1]:19302'] }, ['stun:[2001:db8::1]:19302']],
    [
      { urls: ['turn:t.example.org:99'], ...turn },
      [{ hostname: 't.example.org', port: 99, username: 'u', password: 'c', relayType: 'TurnUdp' }],
    ],
    [
      { urls: ['turn:t.example.org?transport=tcp'], ...turn },
      [{ hostname: 't.example.org', port: 3478, username: 'u', password: 'c', relayType: 'TurnTcp' }],
    ],
    [
      { urls: ['turns:[2001:db8::1]'], ...turn },
      [{ hostname: '2001:db8::1', port: 5349, username: 'u', password: 'c', relayType: 'TurnTls' }],
    ],
    [{ urls: ['turn:t.example.org'] }, []],
    [{ urls: ['nonsense', 'http://example.org', 'stun:'] }, []],
  ])('translates %j', (server, expected) => {
    expect(nativeIceServers([server])).toEqual(expected);
  });
});
