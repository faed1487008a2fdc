import {
  dutyMapSchema,
  dutySchema,
  joinAnswerSchema,
  neighboursAnswerSchema,
  reportIntervalChangeSchema,
  signalSchema,
  ticketRenewalSchema,
  TRACKER_SOCKET_PATH,
  type JoinRequest,
  type NeighboursWanted,
  type PeerId,
  type PeerReport,
  type PeerToTrackerEvents,
  type Random,
  type Signal,
  type TrackerToPeerEvents,
} from '@p2ptv/protocol';
import { io, type Socket } from 'socket.io-client';
import type { TrackerClient, TrackerListener, TrackerState } from '../../ports/tracker-client.js';

/** Options of a {@link SocketTrackerClient}. */
export type SocketTrackerClientOptions = {
  /** Base URLs, http or https, best first; tried in turn. */
  readonly trackers: readonly string[];
  /** For the jitter of its back-off: a tracker's restart must not bring everybody at once. */
  readonly random: Random;
  /** Longest wait for a connection, and for each answer, ms. Default 5,000. */
  readonly answerTimeoutMs?: number;
  /** First wait before another attempt, ms; doubled at each, up to 10 s. Default 250. */
  readonly minBackOffMs?: number;
};

/** The schemas' common face. */
type Schema<Value> = { safeParse(value: unknown): { success: true; data: Value } | { success: false } };
type TrackerSocket = Socket<TrackerToPeerEvents, PeerToTrackerEvents>;

const MAX_BACK_OFF_MS = 10_000;
/** Wait after a refusal that names no time: the next answer will hardly be another one. */
const REFUSED_RETRY_MS = 30_000;
/** What the contract lets the origin's seeder name in one message. */
const LINKED_PER_MESSAGE = 400;
/** Longest wait that a tracker may impose. */
const MAX_RETRY_AFTER_MS = 600_000;

/** {@link TrackerClient} on Socket.IO over WebSocket, in browsers and in Node. */
export class SocketTrackerClient implements TrackerClient {
  readonly #options: SocketTrackerClientOptions;
  #state: TrackerState = 'connecting';
  #socket: TrackerSocket | undefined;
  #joinRequest: (() => JoinRequest) | undefined;
  #listener: TrackerListener | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Failed attempts since the last join; they also choose whose turn it is. */
  #failures = 0;
  #trackerIndex = 0;
  #malformedCount = 0;

  constructor(options: SocketTrackerClientOptions) {
    this.#options = options;
  }

  get state(): TrackerState {
    return this.#state;
  }

  /** Messages dropped because they broke the contract. */
  get malformedCount(): number {
    return this.#malformedCount;
  }

  start(joinRequest: () => JoinRequest, listener: TrackerListener): void {
    if (this.#listener) throw new Error('a tracker client is started once');
    this.#joinRequest = joinRequest;
    this.#listener = listener;
    if (this.#options.trackers.length > 0) this.#connect();
    else this.#schedule(() => this.#setState('away'), 0);
  }

  signal(signal: Signal): void {
    this.#joinedSocket()?.emit('signal', signal);
  }

  report(report: PeerReport): void {
    this.#joinedSocket()?.emit('report', report);
  }

  reportLinked(peerIds: readonly PeerId[], maxCopies?: number): void {
    const socket = this.#joinedSocket();
    const limit = maxCopies === undefined ? {} : { maxCopies };
    for (let first = 0; first === 0 || first < peerIds.length; first += LINKED_PER_MESSAGE) {
      socket?.emit('seeded', { peers: peerIds.slice(first, first + LINKED_PER_MESSAGE), ...limit });
    }
  }

  wantNeighbours(wanted: NeighboursWanted): void {
    const socket = this.#joinedSocket();
    socket?.timeout(this.#answerTimeoutMs).emit('neighboursWanted', wanted, (error: Error | null, answer) => {
      if (error || this.#socket !== socket) return;
      const parsed = this.#parse(neighboursAnswerSchema, answer);
      if (parsed) this.#listener?.neighbours(parsed.neighbours);
    });
  }

  close(): void {
    this.#joinedSocket()?.emit('leave');
    this.#listener = undefined;
    clearTimeout(this.#retry);
    this.#drop();
  }

  get #answerTimeoutMs(): number {
    return this.#options.answerTimeoutMs ?? 5_000;
  }

  /** The socket, while what is sent on it arrives; else it would be kept and sent too late. */
  #joinedSocket(): TrackerSocket | undefined {
    return this.#state === 'joined' && this.#socket?.connected ? this.#socket : undefined;
  }

  #connect(): void {
    const { trackers } = this.#options;
    const address = addressOf(trackers[this.#trackerIndex % trackers.length] ?? '');
    if (!address) {
      this.#fail();
      return;
    }
    // Its own reconnection knows one address only; ours takes the trackers in turn.
    const socket: TrackerSocket = io(address.origin, {
      path: address.path,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: this.#answerTimeoutMs,
    });
    this.#socket = socket;
    socket.on('connect', () => this.#join(socket));
    socket.on('connect_error', () => this.#failOf(socket));
    socket.on('disconnect', () => this.#failOf(socket));
    this.#subscribe(socket);
  }

  #subscribe(socket: TrackerSocket): void {
    const parsed =
      <Value>(schema: Schema<Value>, take: (listener: TrackerListener, value: Value) => void) =>
      (message: unknown): void => {
        const value = this.#parse(schema, message);
        if (value !== undefined && this.#socket === socket && this.#listener) take(this.#listener, value);
      };
    socket.on('signal', parsed(signalSchema, (listener, signal) => listener.signal(signal)));
    socket.on('duty', parsed(dutySchema, (listener, duty) => listener.duty(duty)));
    socket.on('dutyMap', parsed(dutyMapSchema, (listener, map) => listener.dutyMap(map)));
    socket.on('ticket', parsed(ticketRenewalSchema, (listener, renewal) => listener.ticket(renewal)));
    socket.on('reportInterval', parsed(reportIntervalChangeSchema, (listener, change) => listener.reportInterval(change.reportIntervalMs)));
  }

  #join(socket: TrackerSocket): void {
    if (this.#socket !== socket || !this.#joinRequest) return;
    socket.timeout(this.#answerTimeoutMs).emit('join', this.#joinRequest(), (error: Error | null, message) => {
      if (this.#socket !== socket) return;
      const answer = error ? undefined : this.#parse(joinAnswerSchema, message);
      if (!answer) {
        this.#fail();
      } else if (answer.kind === 'joined') {
        this.#failures = 0;
        this.#setState('joined');
        this.#listener?.joined(answer);
      } else {
        this.#drop();
        this.#trackerIndex++;
        this.#setState('refused');
        this.#listener?.refused(answer);
        const retryMs = Math.min(MAX_RETRY_AFTER_MS, answer.retryAfterMs ?? REFUSED_RETRY_MS);
        this.#schedule(() => this.#connect(), retryMs * (1 + this.#options.random.next() / 4));
      }
    });
  }

  #failOf(socket: TrackerSocket): void {
    if (this.#socket === socket) this.#fail();
  }

  /** Gives up this attempt or connection, and tries the next tracker after a while. */
  #fail(): void {
    this.#drop();
    const minMs = this.#options.minBackOffMs ?? 250;
    const fullMs = Math.min(MAX_BACK_OFF_MS, minMs * 2 ** Math.min(this.#failures, 16));
    this.#failures++;
    // A tracker that we were with is tried again first: it restarts more often than it dies.
    if (this.#state !== 'joined') this.#trackerIndex++;
    this.#schedule(() => this.#connect(), fullMs * (0.5 + this.#options.random.next() / 2));
    this.#setState('away');
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.disconnect();
  }

  #schedule(run: () => void, delayMs: number): void {
    clearTimeout(this.#retry);
    if (this.#listener) this.#retry = setTimeout(run, delayMs);
  }

  #setState(state: TrackerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#listener?.stateChanged(state);
  }

  #parse<Value>(schema: Schema<Value>, message: unknown): Value | undefined {
    const parsed = schema.safeParse(message);
    if (parsed.success) return parsed.data;
    this.#malformedCount++;
    return undefined;
  }
}

/** Where a tracker listens: below the path of its base URL, so that it can live behind a proxy. */
function addressOf(tracker: string): { origin: string; path: string } | undefined {
  if (!URL.canParse(tracker)) return undefined;
  const url = new URL(tracker);
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') + TRACKER_SOCKET_PATH };
}
