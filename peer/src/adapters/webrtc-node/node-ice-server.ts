import type { IceServer } from '@p2ptv/protocol';
import type { IceServer as NativeIceServer } from 'node-datachannel';

const ADDRESS = /^(stun|turn|turns):(\[[0-9a-f:.]+\]|[^:?[\]]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;

/** Translates a browser's ICE servers into those of libdatachannel; what it cannot use is left out. */
export function nativeIceServers(servers: readonly IceServer[]): (string | NativeIceServer)[] {
  return servers.flatMap(({ urls, username, credential }) =>
    urls.flatMap((url): (string | NativeIceServer)[] => {
      const [, scheme = '', host = '', port, transport] = ADDRESS.exec(url) ?? [];
      if (host === '') return [];
      const hostname = host.replace(/^\[|\]$/g, '');
      const isSecure = scheme.toLowerCase() === 'turns';
      const portNumber = port === undefined ? (isSecure ? 5349 : 3478) : Number(port);
      if (scheme.toLowerCase() === 'stun') return [`stun:${host}:${portNumber}`];
      if (username === undefined || credential === undefined) return [];
      const relayType = isSecure ? 'TurnTls' : transport?.toLowerCase() === 'tcp' ? 'TurnTcp' : 'TurnUdp';
      return [{ hostname, port: portNumber, username, password: credential, relayType }];
    }),
  );
}
