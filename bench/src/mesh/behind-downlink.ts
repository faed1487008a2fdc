import type { Cancel, Link, LinkTransport, OriginClient } from '@p2ptv/peer';

import type { SerialDownlink } from './serial-downlink.js';

/** The same transport, with links whose frames come through the peer's downlink. */
export function transportBehind(downlink: SerialDownlink, transport: LinkTransport): LinkTransport {
  return {
    fingerprint: transport.fingerprint,
    setCredentials: (credentials) => transport.setCredentials(credentials),
    setLinkLimit: (limit) => transport.setLinkLimit(limit),
    dial: (to) => transport.dial(to),
    signal: (signal) => transport.signal(signal),
    listen: (listener) =>
      transport.listen({
        sendSignal: (signal) => listener.sendSignal(signal),
        linkOpened: (link, isInitiator) => listener.linkOpened(linkBehind(downlink, link), isInitiator),
        dialFailed: (to, failure) => listener.dialFailed(to, failure),
      }),
    close: () => transport.close(),
  };
}

function linkBehind(downlink: SerialDownlink, link: Link): Link {
  return {
    remote: link.remote,
    get bufferedBytes() {
      return link.bufferedBytes;
    },
    send: (frame) => link.send(frame),
    close: () => link.close(),
    listen: (listener) =>
      link.listen({
        frame: (bytes) => downlink.receive(bytes.length, () => listener.frame(bytes)),
        drained: () => listener.drained(),
        ended: (end) => downlink.receive(0, () => listener.ended(end)),
      }),
  };
}

/** The same origin, whose answers come through the peer's downlink. What is cancelled on its way has taken its room, and is not told. */
export function originBehind(downlink: SerialDownlink, origin: OriginClient): OriginClient {
  let accounted = 0;
  /** Bodies are taken by what the client has counted, whatever it makes of them. */
  const receive = (came: () => void): void => {
    const total = Object.values(origin.received).reduce((sum, bytes) => sum + bytes, 0);
    downlink.receive(total - accounted, came);
    accounted = total;
  };
  const request = (start: (told: (tell: () => void) => void) => Cancel): Cancel => {
    let isCancelled = false;
    const cancel = start((tell) =>
      receive(() => {
        if (!isCancelled) tell();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  };
  return {
    join: (wish, listener) =>
      request((told) =>
        origin.join(wish, {
          joined: (join) => told(() => listener.joined(join)),
          failed: (failure, retryAfterMs) => told(() => listener.failed(failure, retryAfterMs)),
        }),
      ),
    fetchChunk: (wish, listener) =>
      request((told) =>
        origin.fetchChunk(wish, {
          bytes: (bytes) => {
            // Their buffer may be another's by then.
            const own = bytes.slice();
            told(() => listener.bytes(own));
          },
          done: () => told(() => listener.done()),
          failed: (failure) => told(() => listener.failed(failure)),
        }),
      ),
    followHeaders: (wish, listener) =>
      request((told) =>
        origin.followHeaders(wish, {
          headers: (headers) => told(() => listener.headers(headers)),
          failed: (failure) => told(() => listener.failed(failure)),
        }),
      ),
    headersAt: (wish, listener) =>
      request((told) =>
        origin.headersAt(wish, {
          headers: (headers) => told(() => listener.headers(headers)),
          failed: (failure) => told(() => listener.failed(failure)),
        }),
      ),
    segments: (wish, listener) =>
      request((told) =>
        origin.segments(wish, {
          listed: (list) => told(() => listener.listed(list)),
          failed: (failure) => told(() => listener.failed(failure)),
        }),
      ),
    fetchInit: (wish, listener) =>
      request((told) =>
        origin.fetchInit(wish, {
          fetched: (bytes) => told(() => listener.fetched(bytes)),
          failed: (failure) => told(() => listener.failed(failure)),
        }),
      ),
    received: origin.received,
  };
}
