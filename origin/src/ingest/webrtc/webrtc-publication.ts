import { PassThrough } from 'node:stream';

import { framesPerSecond, nearestStandardFrameRate } from '../../encode/frame-rate.js';
import type { Frame } from '../../encode/ladder.js';
import type { SenderReport, TrackCodec, TrackListener, TrackPacket } from '../../sfu/sfu-port.js';
import type { SourceFeed } from '../source.js';
import { H264Depacketizer } from './h264-depacketizer.js';
import { JitterBuffer } from './jitter-buffer.js';
import { LipSync, TrackClock } from './lip-sync.js';
import { MatroskaWriter } from './matroska-writer.js';
import { OPUS_SILENCE, OPUS_SILENCE_MS, opusDurationMs } from './opus-packet.js';
import type { Depacketizer, VideoConfiguration, VideoFrame } from './video-frame.js';
import { Vp8Depacketizer } from './vp8-depacketizer.js';

/** What a publication says of itself. */
export type PublicationStatus = {
  /** Pixels; undefined before the first key frame. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly videoFrames: number;
  readonly audioPackets: number;
  /** Pictures that could not be used, because packets before them never came. */
  readonly lostFrames: number;
  /**
   * Our date of a picture (EXT-X-PROGRAM-DATE-TIME) less the moment at which the publisher's own clock says that it was
   * captured, ms. With it a page on the publisher's machine knows how long ago the picture before it was in front of the
   * camera, whatever the two clocks say. Undefined before the first sender report and the first part.
   */
  readonly dateLessCaptureMs: number | undefined;
};

/** What a {@link WebRtcPublication} needs to know. */
export type WebRtcPublicationOptions = {
  /** The codec of the picture; undefined: there is none. */
  readonly videoCodec: Exclude<TrackCodec, 'opus'> | undefined;
  readonly hasAudio: boolean;
  /** Frames a second that the publisher says it sends; default 30. */
  readonly frameRate?: number | undefined;
  /** The picture's size that the publisher says it means to send: browsers begin with a smaller one until they know the line. */
  readonly size?: Frame | undefined;
  readonly requestKeyFrame: () => void;
};

/** A missing packet of the picture is waited for so long: some round trips. It is seen as a freeze. */
const VIDEO_WAIT_MS = 250;
/** The same for sound, which can be patched. */
const AUDIO_WAIT_MS = 120;
/** How long the picture may run before a sound that was announced is given up. */
const AUDIO_PATIENCE_MS = 1500;
/** Between two requests for a key frame: an encoder needs some time for one. */
const KEY_REQUEST_MS = 400;
/** What is held until a session takes it. Bounds memory. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** Beyond this ffmpeg hangs, and pictures are dropped until it is replaced. */
const MAX_FEED_BYTES = 16 * 1024 * 1024;
/** A hole in the sound up to this is filled here, exactly; beyond, the encoder puts silence. */
const MAX_FILL_MS = 400;
const VIDEO_CLOCK_RATE = 90_000;
const AUDIO_CLOCK_RATE = 48_000;
/** A picture that differs less than this in shape is scaled; beyond, it would be stretched. */
const ASPECT_TOLERANCE = 0.02;
/** How long a picture must have been larger than what is encoded before a session of its size begins: senders grow step by step. */
const GROWTH_MS = 3000;

/** A picture or a sound, on the clock of its own track. */
type Unit =
  | { readonly track: 'video'; readonly timeMs: number; readonly frame: VideoFrame }
  | { readonly track: 'audio'; readonly timeMs: number; readonly data: Uint8Array };

/** An encoder session's input. Times are on the sound's clock, where there is one. */
type Feed = {
  readonly stream: PassThrough;
  readonly writer: MatroskaWriter;
  /** The size at which it is encoded, whatever that of the picture comes to be; undefined without a picture. */
  readonly canvas: Frame | undefined;
  readonly hasAudio: boolean;
  /** What the session calls zero: the time of its first picture, or else of its first sound. */
  zeroMs: number | undefined;
  lastVideoMs: number;
};

/**
 * One publisher's media, from its first packet to its end: puts packets in order, pictures together and
 * sound beside them, and feeds encoder sessions with Matroska that begins with a key frame, where there are pictures.
 */
export class WebRtcPublication {
  readonly #options: WebRtcPublicationOptions;
  readonly #videoBuffer = new JitterBuffer(VIDEO_WAIT_MS);
  readonly #audioBuffer = new JitterBuffer(AUDIO_WAIT_MS);
  readonly #videoClock = new TrackClock(VIDEO_CLOCK_RATE);
  readonly #audioClock = new TrackClock(AUDIO_CLOCK_RATE);
  readonly #lipSync = new LipSync(this.#videoClock, this.#audioClock);
  readonly #depacketizer: Depacketizer;
  /** Since a key frame, until a session takes it. */
  #held: Unit[] = [];
  #heldBytes = 0;
  #configuration: VideoConfiguration | undefined;
  /** When the picture came to have the size that it has. */
  #sizedAtMs = 0;
  #feed: Feed | undefined;
  #isWaitingForKey = true;
  #keyAskedAtMs = Number.NEGATIVE_INFINITY;
  #newestVideoMs = Number.NEGATIVE_INFINITY;
  #audioEndMs: number | undefined;
  #hasAudioCome = false;
  #isReady = false;
  #hasEnded = false;
  #dateLessCaptureMs: number | undefined;
  readonly #counts = { videoFrames: 0, audioPackets: 0, lostFrames: 0 };
  /** Called once when a session can begin. */
  onReady: (() => void) | undefined;

  constructor(options: WebRtcPublicationOptions) {
    this.#options = options;
    this.#depacketizer = options.videoCodec === 'h264' ? new H264Depacketizer() : new Vp8Depacketizer();
  }

  /** Takes the picture's track. */
  get video(): TrackListener {
    return {
      onPacket: (packet) => this.#takeVideo(packet),
      onSenderReport: (report: SenderReport) => this.#videoClock.report(report),
    };
  }

  /** Takes the sound's track. */
  get audio(): TrackListener {
    return {
      onPacket: (packet) => this.#takeAudio(packet),
      onSenderReport: (report: SenderReport) => this.#audioClock.report(report),
    };
  }

  /** Whether the tracks are known, so that a session can begin. */
  get isReady(): boolean {
    return this.#isReady && !this.#hasEnded;
  }

  get status(): PublicationStatus {
    return { width: this.#configuration?.width, height: this.#configuration?.height, ...this.#counts, dateLessCaptureMs: this.#dateLessCaptureMs };
  }

  /** Takes the date of a part, by the times that its session was given. */
  noteDate({ mediaTimeMs, programDateTimeMs }: { readonly mediaTimeMs: number; readonly programDateTimeMs: number }): void {
    if (this.#feed?.zeroMs === undefined) return;
    const { wallOffsetMs } = this.#feed.hasAudio ? this.#audioClock : this.#videoClock;
    if (wallOffsetMs !== undefined) this.#dateLessCaptureMs = programDateTimeMs - (mediaTimeMs + this.#feed.zeroMs + wallOffsetMs);
  }

  /** The publisher has gone: the running session ends with what it has. */
  end(): void {
    this.#hasEnded = true;
    this.#drop();
    this.#feed?.stream.end();
  }

  /** The input of a new encoder session; any earlier one ends. Only when {@link isReady}. */
  open(): SourceFeed {
    this.#feed?.stream.end();
    this.#feed = undefined;
    const stream = new PassThrough();
    const configuration = this.#configuration;
    const hasAudio = this.#options.hasAudio && this.#hasAudioCome;
    const frameRate = nearestStandardFrameRate(this.#options.frameRate);
    const { videoCodec } = this.#options;
    const canvas = configuration && canvasOf(configuration, this.#options.size);
    if (videoCodec === undefined || (configuration && canvas)) {
      const writer = new MatroskaWriter();
      const frameDurationNs = Math.round(1e9 / framesPerSecond(frameRate));
      const video = videoCodec && configuration && { codec: videoCodec, width: configuration.width, height: configuration.height, codecPrivate: configuration.codecPrivate, frameDurationNs };
      stream.write(writer.header({ video, hasAudio }));
      const held = this.#held;
      this.#drop();
      this.#feed = { stream, writer, canvas, hasAudio, zeroMs: undefined, lastVideoMs: Number.NEGATIVE_INFINITY };
      this.#isWaitingForKey = videoCodec !== undefined && held.length === 0;
      for (const unit of held) this.#write(unit);
      if (this.#isWaitingForKey) this.#options.requestKeyFrame();
    }
    return {
      media: { width: canvas?.width, height: canvas?.height, frameRate, hasVideo: videoCodec !== undefined, hasAudio },
      canvas,
      inputArguments: LIVE_INPUT_ARGUMENTS,
      videoMap: videoCodec === undefined ? undefined : '0:v:0',
      audioMap: hasAudio ? '0:a:0' : undefined,
      stdin: stream,
      isPaced: true,
    };
  }

  #takeVideo(packet: TrackPacket): void {
    if (this.#hasEnded) return;
    for (const ordered of this.#videoBuffer.push(packet)) {
      if (ordered.kind === 'gap') {
        this.#depacketizer.reset();
        this.#waitForKey();
        continue;
      }
      const frame = this.#depacketizer.push(ordered.packet);
      if (frame) this.#takeFrame(frame, ordered.packet.arrivedAtMs);
    }
    if (this.#isWaitingForKey) this.#askForKey(packet.arrivedAtMs);
  }

  #takeFrame(frame: VideoFrame, arrivedAtMs: number): void {
    const timeMs = this.#videoClock.timeMs(frame.timestamp, arrivedAtMs);
    const isUsable = frame.isKey ? frame.configuration !== undefined : !this.#isWaitingForKey;
    if (!isUsable) {
      this.#counts.lostFrames++;
      return;
    }
    this.#counts.videoFrames++;
    this.#newestVideoMs = timeMs;
    this.#isWaitingForKey = false;
    this.#fit(frame, { timeMs, arrivedAtMs });
    this.#pass({ track: 'video', timeMs, frame });
  }

  #takeAudio(packet: TrackPacket): void {
    if (this.#hasEnded) return;
    for (const ordered of this.#audioBuffer.push(packet)) {
      if (ordered.kind === 'gap') continue;
      const { payload, timestamp, arrivedAtMs } = ordered.packet;
      const durationMs = opusDurationMs(payload);
      if (durationMs === undefined) continue;
      const timeMs = this.#audioClock.timeMs(timestamp, arrivedAtMs);
      // Before it is passed: a session that begins with it has to know that there is sound.
      if (!this.#hasAudioCome) this.#welcomeAudio();
      this.#fillAudio(timeMs);
      this.#audioEndMs = timeMs + durationMs;
      this.#counts.audioPackets++;
      this.#pass({ track: 'audio', timeMs, data: payload });
    }
  }

  /** A decoder takes no note of a short hole and sound would run ahead of the picture by as much. */
  #fillAudio(untilMs: number): void {
    if (this.#audioEndMs === undefined || untilMs - this.#audioEndMs > MAX_FILL_MS) return;
    for (let atMs = this.#audioEndMs; untilMs - atMs >= OPUS_SILENCE_MS / 2; atMs += OPUS_SILENCE_MS) {
      this.#pass({ track: 'audio', timeMs: atMs, data: OPUS_SILENCE });
    }
  }

  /** Sound that comes when a session without it runs ends that session, and the next one has it. */
  #welcomeAudio(): void {
    this.#hasAudioCome = true;
    if (this.#feed) this.#restart();
    else this.#becomeReadyIfSo();
  }

  /**
   * A session's size stays what it began with. A picture of another shape begins another at once, a larger one
   * when it has come to stay: each session is a break for viewers.
   */
  #fit({ configuration, isKey }: VideoFrame, at: { readonly timeMs: number; readonly arrivedAtMs: number }): void {
    const before = this.#configuration;
    const current = configuration ?? before;
    if (!current) return;
    this.#configuration = current;
    if (!before || pixelsOf(before) !== pixelsOf(current)) this.#sizedAtMs = at.timeMs;
    const canvas = this.#feed?.canvas;
    if (!canvas) return;
    const isLarger = pixelsOf(current) > pixelsOf(canvas) && at.timeMs - this.#sizedAtMs >= GROWTH_MS;
    if (hasShapeOf(current, canvas) && !isLarger) return;
    if (isKey) this.#restart();
    else this.#askForKey(at.arrivedAtMs);
  }

  #restart(): void {
    this.#feed?.stream.end();
    this.#feed = undefined;
    this.#drop();
  }

  #pass(unit: Unit): void {
    if (this.#feed) this.#write(unit);
    else this.#hold(unit);
  }

  /** Keeps what a session can begin with: from the newest key frame on. */
  #hold(unit: Unit): void {
    if (unit.track === 'video' && unit.frame.isKey) this.#dropBefore(this.#lipSync.place(unit.timeMs));
    else if (!this.#held.some(({ track }) => track === 'video')) {
      // Sound that will turn out to be after the key frame may come before it.
      this.#held = this.#held.filter(({ timeMs }) => timeMs > unit.timeMs - 1000);
    }
    this.#held.push(unit);
    this.#heldBytes += sizeOf(unit);
    if (this.#heldBytes > MAX_HELD_BYTES) {
      this.#drop();
      this.#waitForKey();
    }
    this.#becomeReadyIfSo();
  }

  #becomeReadyIfSo(): void {
    const first = this.#held.find(({ track }) => track === 'video' || this.#options.videoCodec === undefined);
    if (this.#hasEnded || !first) return;
    const isAudioAwaited = first.track === 'video' && this.#options.hasAudio && !this.#hasAudioCome && this.#newestVideoMs - first.timeMs < AUDIO_PATIENCE_MS;
    if (isAudioAwaited) return;
    this.#isReady = true;
    this.#held.sort((left, right) => Number(right === first) - Number(left === first));
    this.onReady?.();
  }

  #dropBefore(timeMs: number): void {
    this.#held = this.#held.filter((unit) => unit.track === 'audio' && unit.timeMs >= timeMs);
    this.#heldBytes = this.#held.reduce((sum, unit) => sum + sizeOf(unit), 0);
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #waitForKey(): void {
    this.#isWaitingForKey = true;
  }

  #askForKey(nowMs: number): void {
    if (nowMs - this.#keyAskedAtMs < KEY_REQUEST_MS) return;
    this.#keyAskedAtMs = nowMs;
    this.#options.requestKeyFrame();
  }

  #write(unit: Unit): void {
    const feed = this.#feed;
    if (!feed || feed.stream.writableEnded) return;
    const isVideo = unit.track === 'video';
    if (!isVideo && (!feed.hasAudio || (feed.canvas && feed.zeroMs === undefined))) return;
    // The encoder puts pictures in the order of their times, and one in the past would be lost with all after it.
    const placedMs = isVideo ? Math.max(feed.hasAudio ? this.#lipSync.place(unit.timeMs) : unit.timeMs, feed.lastVideoMs + 1) : unit.timeMs;
    if (isVideo) feed.lastVideoMs = placedMs;
    feed.zeroMs ??= placedMs;
    const timeMs = placedMs - feed.zeroMs;
    if (timeMs < 0) return;
    if (feed.stream.writableLength > MAX_FEED_BYTES) {
      if (isVideo) this.#waitForKey();
      return;
    }
    feed.stream.write(feed.writer.block({ track: unit.track, timeMs, isKey: isVideo && unit.frame.isKey, data: isVideo ? unit.frame.data : unit.data }));
  }
}

/** What the publisher means to send, where what comes has that shape; a phone's camera tells how it is built in, not how it is held. */
function canvasOf(picture: Frame, stated: Frame | undefined): Frame {
  if (!stated) return { width: picture.width, height: picture.height };
  const turned = { width: stated.height, height: stated.width };
  const meant = [stated, turned].find((size) => hasShapeOf(picture, size)) ?? picture;
  const { width, height } = pixelsOf(meant) > pixelsOf(picture) ? meant : picture;
  return { width, height };
}

function hasShapeOf(picture: Frame, other: Frame): boolean {
  return Math.abs((picture.width * other.height) / (picture.height * other.width) - 1) <= ASPECT_TOLERANCE;
}

function pixelsOf({ width, height }: Frame): number {
  return width * height;
}

function sizeOf(unit: Unit): number {
  return unit.track === 'video' ? unit.frame.data.length : unit.data.length;
}

/**
 * Everything is said in the header, so ffmpeg need not look far ahead; without buffering (`nobuffer`) it
 * would throw away what it looked at, the key frame. The decoder works on one frame at a time: with a
 * thread a frame it would hold as many back.
 */
const LIVE_INPUT_ARGUMENTS = [
  ...['-f', 'matroska', '-flags', 'low_delay', '-thread_type', 'slice'],
  ...['-probesize', '50000', '-analyzeduration', '200000', '-fpsprobesize', '0', '-i', 'pipe:0'],
] as const;
