import { NodeWebRtcHandler } from '../../../src/adapters/webrtc-node/node-webrtc-handler.js';
import { WebRtcTransport } from '../../../src/adapters/webrtc/webrtc-transport.js';
import { numberedPeerId, STREAM_ID, type Seat, type SignalRelay } from '../webrtc/signal-relay.js';

/** A Node peer at a relay, without credentials yet. */
export async function nodeSeat(
  relay: SignalRelay,
  number: number,
  options: { wallMs?: () => number; dialTimeoutMs?: number; udpPort?: number } = {},
): Promise<Seat> {
  const handler = await NodeWebRtcHandler.create(options.udpPort);
  const peerId = numberedPeerId(number);
  const { wallMs = () => Date.now(), dialTimeoutMs } = options;
  const transport = new WebRtcTransport({
    handler,
    peerId,
    streamId: STREAM_ID,
    clock: { wallMs },
    ...(dialTimeoutMs === undefined ? {} : { dialTimeoutMs }),
  });
  return relay.seat(peerId, transport);
}
