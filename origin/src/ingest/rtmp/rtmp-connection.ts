import type { Socket } from 'node:net';

import { z } from 'zod';

import { ByteQueue } from '../../fragment/byte-queue.js';
import type { FlvTag } from '../../fragment/flv-reader.js';
import { decodeAmf0, encodeAmf0, type AmfValue } from './amf0.js';
import { ChunkReader, encodeMessage, OUTGOING_CHUNK_BYTES, type RtmpMessage } from './chunk-stream.js';

/** What a publisher says about its stream (`onMetaData`); every field may be missing. */
export type PublisherMetadata = z.infer<typeof metadataSchema>;

/** What a connection asks of its server, and tells it. */
export type RtmpConnectionListener = {
  /** @returns undefined to let it publish, else why not, in one sentence */
  readonly onPublish: (request: { readonly app: string; readonly streamKey: string }) => string | undefined;
  readonly onMetadata: (metadata: PublisherMetadata) => void;
  readonly onTag: (tag: FlvTag) => void;
  /** It is over. `reason` is set when the other side broke the protocol or asked for what is not allowed. */
  readonly onClose: (reason: string | undefined) => void;
};

const optionalNumber = z.number().positive().optional().catch(undefined);
const metadataSchema = z.object({
  width: optionalNumber,
  height: optionalNumber,
  framerate: optionalNumber,
  /** A number in FLV, a name with some encoders; 0 or nothing: no picture, no sound. */
  videocodecid: z.union([z.number(), z.string()]).optional().catch(undefined),
  audiocodecid: z.union([z.number(), z.string()]).optional().catch(undefined),
});
const connectSchema = z.object({ app: z.string().max(200) });

const HANDSHAKE_BYTES = 1536;
const RTMP_VERSION = 3;
/** From connecting to publishing. Bounds what somebody who only opens sockets can hold. */
const PUBLISH_WITHIN_MS = 5000;
/** Handshake and commands have about 4 KiB. Bounds the work that strangers can give us. */
const MAX_BYTES_BEFORE_PUBLISHING = 256 * 1024;
/** A publisher that is silent for so long has lost its network, though no one has told us. */
const SILENCE_MS = 8000;
/** How long the other side may take to hear that it was refused. */
const LINGER_MS = 1000;
const WINDOW_BYTES = 2_500_000;

const MessageType = {
  setChunkSize: 1,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgement: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  data: 18,
  command: 20,
} as const;
const PING_REQUEST = 6;
const PING_RESPONSE = 7;

/**
 * The server's side of one RTMP connection, for publishers only (Adobe, Real Time Messaging Protocol 1.0).
 *
 * Nobody can play over it: ffmpeg gets the stream from us directly, so there is nothing to protect.
 */
export class RtmpConnection {
  readonly #socket: Socket;
  readonly #listener: RtmpConnectionListener;
  readonly #handshake = new ByteQueue();
  readonly #chunks = new ChunkReader();
  #phase: 'hello' | 'acknowledge' | 'open' = 'hello';
  #app: string | undefined;
  #isPublishing = false;
  #closeReason: string | undefined;
  #isClosing = false;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;

  constructor(socket: Socket, listener: RtmpConnectionListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.setNoDelay(true);
    socket.setTimeout(SILENCE_MS, () => this.close('It was silent for too long.'));
    const deadline = setTimeout(() => {
      if (!this.#isPublishing) this.close('It did not publish anything.');
    }, PUBLISH_WITHIN_MS);
    socket.on('data', (bytes) => this.#receive(bytes));
    // The close event follows, and tells all that matters.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(deadline);
      listener.onClose(this.#closeReason);
    });
  }

  /** Ends the connection; the reason is passed to `onClose`. What was written before still goes out. */
  close(reason?: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#closeReason = reason;
    // Reading goes on, to no effect: closing over unread bytes would reset the connection and lose our last words.
    this.#socket.resume();
    this.#socket.end();
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(linger));
  }

  /** Stops and resumes reading, when what comes cannot be passed on as fast. */
  setFlowing(isFlowing: boolean): void {
    if (this.#isClosing) return;
    if (isFlowing) this.#socket.resume();
    else this.#socket.pause();
  }

  #receive(bytes: Buffer): void {
    if (this.#isClosing) return;
    this.#receivedBytes += bytes.length;
    let rest: Uint8Array = bytes;
    if (this.#phase !== 'open') {
      this.#handshake.push(bytes);
      if (!this.#shakeHands()) return;
      const remaining = this.#handshake.peek(this.#handshake.length);
      this.#handshake.clear();
      rest = remaining ?? new Uint8Array();
    }
    const problem = this.#chunks.push(rest, (message) => this.#handle(message));
    if (problem !== undefined) this.close(`Its bytes are no RTMP: ${problem}.`);
    else if (!this.#isPublishing && this.#receivedBytes > MAX_BYTES_BEFORE_PUBLISHING) this.close('It sends much, but does not publish.');
    else this.#acknowledge();
  }

  /** The simple handshake (5.2): our random bytes, and theirs back. @returns whether it is complete */
  #shakeHands(): boolean {
    if (this.#phase === 'hello') {
      const hello = this.#handshake.peek(1 + HANDSHAKE_BYTES);
      if (hello === undefined) return false;
      if (hello[0] !== RTMP_VERSION) {
        this.close('It does not speak RTMP.');
        return false;
      }
      const echo = hello.slice(1);
      this.#handshake.drop(hello.length);
      // Their check of our bytes is of no use to us: zeros do.
      this.#socket.write(Buffer.concat([Buffer.of(RTMP_VERSION), Buffer.alloc(HANDSHAKE_BYTES), echo]));
      this.#phase = 'acknowledge';
    }
    if (this.#handshake.peek(HANDSHAKE_BYTES) === undefined) return false;
    this.#handshake.drop(HANDSHAKE_BYTES);
    this.#phase = 'open';
    return true;
  }

  #handle({ type, timestampMs, body }: RtmpMessage): void {
    if (this.#isClosing) return;
    switch (type) {
      case MessageType.audio:
      case MessageType.video:
        if (!this.#isPublishing) this.close('It sends media before it may publish.');
        else this.#listener.onTag({ kind: type === MessageType.audio ? 'audio' : 'video', timestampMs, body });
        break;
      case MessageType.data:
      case MessageType.dataAmf3:
        if (this.#isPublishing) this.#handleData(type === MessageType.data ? body : body.subarray(1));
        break;
      case MessageType.command:
      case MessageType.commandAmf3:
        this.#handleCommand(type === MessageType.command ? body : body.subarray(1));
        break;
      case MessageType.userControl:
        if (body.length >= 6 && ((body[0] ?? 0) << 8) + (body[1] ?? 0) === PING_REQUEST) {
          this.#send(MessageType.userControl, Buffer.concat([Buffer.of(0, PING_RESPONSE), body.subarray(2, 6)]));
        }
        break;
      default:
        // Acknowledgements, bandwidth hints and what nobody sends.
        break;
    }
  }

  #handleData(body: Uint8Array): void {
    const values = decodeAmf0(body);
    const [first] = values ?? [];
    const content = first === '@setDataFrame' ? values?.[2] : first === 'onMetaData' ? values?.[1] : undefined;
    const metadata = metadataSchema.safeParse(content);
    if (metadata.success) this.#listener.onMetadata(metadata.data);
  }

  #handleCommand(body: Uint8Array): void {
    const values = decodeAmf0(body);
    const [name, transaction, ...rest] = values ?? [];
    if (typeof name !== 'string' || typeof transaction !== 'number') {
      this.close('It sends a command that cannot be read.');
      return;
    }
    switch (name) {
      case 'connect':
        this.#connect(transaction, rest[0]);
        break;
      case 'createStream':
        this.#command(['_result', transaction, null, 1]);
        break;
      case 'publish':
        this.#publish(rest[1]);
        break;
      case 'deleteStream':
      case 'FCUnpublish':
      case 'closeStream':
        if (this.#isPublishing) this.close();
        break;
      case 'play':
      case 'play2':
        this.#status('error', 'NetStream.Play.Failed', 'This server does not play over RTMP.');
        this.close('It wants to play, which is not possible over RTMP.');
        break;
      default:
        // releaseStream, FCPublish, _checkbw: nobody waits for an answer.
        break;
    }
  }

  #connect(transaction: number, argument: AmfValue): void {
    const parsed = connectSchema.safeParse(argument);
    if (!parsed.success) {
      this.close('It connects without an application.');
      return;
    }
    this.#app = parsed.data.app;
    const number = (value: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    };
    this.#send(MessageType.windowAcknowledgement, number(WINDOW_BYTES));
    this.#send(MessageType.setPeerBandwidth, Buffer.concat([number(WINDOW_BYTES), Buffer.of(2)]));
    this.#send(MessageType.setChunkSize, number(OUTGOING_CHUNK_BYTES));
    this.#command([
      '_result',
      transaction,
      { fmsVer: 'FMS/3,0,1,123', capabilities: 31 },
      { level: 'status', code: 'NetConnection.Connect.Success', description: 'Connected.', objectEncoding: 0 },
    ]);
  }

  #publish(streamKey: AmfValue): void {
    if (this.#isPublishing) return;
    if (this.#app === undefined || typeof streamKey !== 'string') {
      this.close('It publishes without a connection or a stream key.');
      return;
    }
    const refusal = this.#listener.onPublish({ app: this.#app, streamKey });
    if (refusal !== undefined) {
      this.#status('error', 'NetStream.Publish.BadName', refusal);
      this.close(refusal);
      return;
    }
    this.#isPublishing = true;
    this.#chunks.allowMedia();
    this.#status('status', 'NetStream.Publish.Start', 'Publishing.');
  }

  #status(level: 'status' | 'error', code: string, description: string): void {
    this.#command(['onStatus', 0, null, { level, code, description }], 1);
  }

  #command(values: readonly AmfValue[], streamId = 0): void {
    this.#socket.write(encodeMessage({ type: MessageType.command, streamId, timestampMs: 0, body: encodeAmf0(values) }));
  }

  #send(type: number, body: Uint8Array): void {
    this.#socket.write(encodeMessage({ type, streamId: 0, timestampMs: 0, body }));
  }

  #acknowledge(): void {
    if (this.#receivedBytes - this.#acknowledgedBytes < WINDOW_BYTES / 2) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    const total = Buffer.alloc(4);
    total.writeUInt32BE(this.#receivedBytes % 2 ** 32);
    this.#send(MessageType.acknowledgement, total);
  }
}
