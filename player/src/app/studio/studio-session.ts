import { Device } from 'mediasoup-client';
import type { types } from 'mediasoup-client';

/** What an origin answers when a session is opened. */
type OpenedSession = {
  readonly session: string;
  readonly capabilities: types.RtpCapabilities;
  readonly transport: types.TransportOptions;
};

/** How the broadcast is doing, as its connection sees it. */
export type BroadcastState = 'connecting' | 'live' | 'interrupted' | 'ended';

/** What somebody needs to go live. */
export type BroadcastRequest = {
  readonly slug: string;
  readonly streamKey: string;
  /** What viewers read above it; undefined: the stream keeps the title that it has. */
  readonly title: string | undefined;
  readonly tracks: readonly MediaStreamTrack[];
  readonly onState: (state: BroadcastState) => void;
};

/** What an origin says of a broadcast, as far as it is shown. */
export type BroadcastStatus = {
  readonly media?: {
    /** The origin's date of a picture less the time of this machine's clock at which it was captured, ms. */
    readonly dateLessCaptureMs?: number;
  };
};

/** The origin's refusal, in its own words. */
export class BroadcastError extends Error {
  override readonly name = 'BroadcastError';
}

/** The rate of the picture at most, bit/s: the origin encodes it again for viewers. */
const MAX_VIDEO_BITS_PER_SECOND = 4_000_000;
/** Where the picture begins, kbit/s, before the line has been measured. */
const START_VIDEO_KBPS = 1500;
/**
 * How long the picture keeps its size from the connection on, whatever the line carries. Chromium would begin with a
 * quarter of it and enlarge it in steps of four seconds even on a fast line. By then it knows the line, and may shrink it.
 */
const FULL_SIZE_MS = 3000;
/** An origin that cannot be told by then that it is over is left without a word, ms: until then it is still sent to. */
const GOODBYE_LIMIT_MS = 2000;

/** One broadcast from this page to an origin, by mediasoup-client. */
export class StudioSession {
  readonly #path: string;
  readonly #transport: types.Transport;
  #isClosed = false;

  private constructor(path: string, transport: types.Transport) {
    this.#path = path;
    this.#transport = transport;
  }

  /**
   * Goes live.
   *
   * @throws BroadcastError in words for people
   */
  static async start(request: BroadcastRequest): Promise<StudioSession> {
    const { slug, streamKey, title, tracks, onState } = request;
    onState('connecting');
    const opened = (await post(`/api/studio/${slug}`, {}, streamKey)) as OpenedSession;
    const path = `/api/studio/${slug}/${opened.session}`;
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities: opened.capabilities });
    const transport = device.createSendTransport(opened.transport);
    const session = new StudioSession(path, transport);
    let pictureSender: RTCRtpSender | undefined;
    const described: { kind: types.MediaKind; rtpParameters: types.RtpParameters }[] = [];
    transport.on('connect', ({ dtlsParameters }, done, failed) => void post(`${path}/connect`, { dtlsParameters }).then(done, failed));
    // All tracks are told of at once, below: the origin starts an encoder for them together.
    transport.on('produce', ({ kind, rtpParameters }, done) => {
      described.push({ kind, rtpParameters });
      done({ id: kind });
    });
    transport.on('connectionstatechange', (state) => {
      if (session.#isClosed) return;
      if (state === 'connected') {
        onState('live');
        setTimeout(() => void preferSize(pictureSender, undefined), FULL_SIZE_MS);
      } else if (state === 'disconnected') onState('interrupted');
      else if (state === 'failed' || state === 'closed') onState('ended');
    });
    try {
      for (const track of tracks) await transport.produce(track.kind === 'audio' ? { track, stopTracks: false } : {
        ...videoOptions(track),
        onRtpSender: (sender) => {
          pictureSender = sender;
          void preferSize(sender, 'maintain-resolution');
        },
      });
      const { frameRate = 0, width, height } = tracks.find(({ kind }) => kind === 'video')?.getSettings() ?? {};
      const size = width !== undefined && height !== undefined ? { size: { width, height } } : {};
      await post(`${path}/publish`, { tracks: described, ...(frameRate < 1 ? {} : { frameRate }), ...size, ...(title === undefined ? {} : { title }) });
    } catch (error) {
      await session.stop();
      throw error;
    }
    return session;
  }

  /** How it is doing; undefined when the origin does not tell. */
  async status(): Promise<BroadcastStatus | undefined> {
    const response = await fetch(this.#path).catch(() => undefined);
    return response?.ok === true ? ((await response.json().catch(() => undefined)) as BroadcastStatus | undefined) : undefined;
  }

  /** Stops. The origin is told first, so that nobody waits for a return: it takes a connection that ends before for one that broke. */
  async stop(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await fetch(this.#path, { method: 'DELETE', keepalive: true, signal: AbortSignal.timeout(GOODBYE_LIMIT_MS) }).catch(() => undefined);
    this.#transport.close();
  }
}

function videoOptions(track: MediaStreamTrack): types.ProducerOptions {
  return {
    track,
    stopTracks: false,
    encodings: [{ maxBitrate: MAX_VIDEO_BITS_PER_SECOND }],
    codecOptions: { videoGoogleStartBitrate: START_VIDEO_KBPS },
  };
}

/** What a browser gives up first when the line or the processor is too slow; undefined: what it thinks best. Some cannot be told. */
async function preferSize(sender: RTCRtpSender | undefined, preference: RTCDegradationPreference | undefined): Promise<void> {
  if (!sender) return;
  const parameters = sender.getParameters();
  if (preference === undefined) delete parameters.degradationPreference;
  else parameters.degradationPreference = preference;
  await sender.setParameters(parameters).catch(() => undefined);
}

async function post(path: string, body: unknown, streamKey?: string): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(streamKey === undefined ? {} : { authorization: `Bearer ${streamKey}` }) },
      body: JSON.stringify(body),
    });
  } catch {
    throw new BroadcastError('The origin cannot be reached.');
  }
  const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const problem = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  throw new BroadcastError(typeof problem === 'string' ? problem : `The origin answered ${response.status}.`);
}
