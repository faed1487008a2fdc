import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { promisify } from 'node:util';

import type { Ffmpeg } from '../encode/ffmpeg-location.js';
import { IngestError } from './errors.js';
import type { PresenceOptions } from './publisher-presence.js';
import { RelaySource } from './relay-source.js';

/** Options of an {@link openSrtSource | SRT source}. */
export type SrtOptions = PresenceOptions & {
  /** UDP port to listen on. */
  readonly port: number;
  /** The address to listen on. Default: all. */
  readonly host?: string | undefined;
  /** What callers must know, 10 to 79 characters; media are then encrypted with it (AES-128). Default: anybody may publish. */
  readonly passphrase?: string | undefined;
  /** How long a lost packet may be waited for, ms. Too low gives holes in the picture, too high delay. Default 120. */
  readonly latencyMs?: number | undefined;
};

const DEFAULT_LATENCY_MS = 120;
/** A caller that is silent for so long is gone, though no one has told us. */
const SILENCE_MS = 8000;
const PROTOCOLS_TIMEOUT_MS = 15_000;

/**
 * Listens for an SRT caller that brings MPEG-TS: one at a time; when it leaves, the next one is awaited.
 *
 * The passphrase is an argument of ffmpeg: other users of this machine can see it in its list of processes.
 *
 * @throws IngestError `NO_SRT`, `PORT_IN_USE` or `PORT_DENIED`
 */
export async function openSrtSource(ffmpeg: Ffmpeg, options: SrtOptions): Promise<RelaySource> {
  const { port, host = '0.0.0.0', passphrase, latencyMs = DEFAULT_LATENCY_MS } = options;
  if (!(await hasSrt(ffmpeg))) {
    throw new IngestError(
      'NO_SRT',
      `The ffmpeg at ${ffmpeg.path} (${ffmpeg.version}) knows no SRT: install one that was built with libsrt (Debian and Ubuntu: apt install ffmpeg), or name one in P2PTV_FFMPEG.`,
    );
  }
  await checkUdpPort(port, host);
  return new RelaySource({
    ...options,
    kind: 'srt',
    label: `SRT on port ${port}`,
    from: `SRT port ${port}`,
    ffmpegPath: ffmpeg.path,
    inputArguments: [
      ...['-probesize', '2000000', '-analyzeduration', '500000', '-f', 'mpegts'],
      ...['-mode', 'listener', '-latency', String(latencyMs * 1000)],
      // Not in the address: ffmpeg repeats that in what it says.
      ...(passphrase === undefined ? [] : ['-passphrase', passphrase, '-pbkeylen', '16']),
      ...['-i', `srt://${host.includes(':') ? `[${host}]` : host}:${port}`],
    ],
    maps: { video: '0:v:0', audio: '0:a:0' },
    isRepeated: true,
    refusalIn: (line) => refusalIn(line, { isEncrypted: passphrase !== undefined }),
    silenceMs: SILENCE_MS,
  });
}

/** What libsrt says of a call that it turns away: a number of its own, and mostly a sentence. */
const REFUSAL = /\brsp\(REJECT\): (\d+)(?: - (.+))?/;
const WRONG_PASSPHRASE = 1010;
const ONE_SIDED_PASSPHRASE = 1011;

function refusalIn(line: string, { isEncrypted }: { readonly isEncrypted: boolean }): string | undefined {
  const [refusal, code, sentence] = REFUSAL.exec(line) ?? [];
  if (refusal === undefined) return undefined;
  if (Number(code) === WRONG_PASSPHRASE) return 'Its passphrase is wrong.';
  if (Number(code) === ONE_SIDED_PASSPHRASE) return isEncrypted ? 'It has no passphrase.' : 'It has a passphrase, and there is none here.';
  return `SRT says ${sentence?.trim() ?? code}.`;
}

async function hasSrt({ path }: Ffmpeg): Promise<boolean> {
  const { stdout } = await promisify(execFile)(path, ['-hide_banner', '-protocols'], { timeout: PROTOCOLS_TIMEOUT_MS, windowsHide: true });
  return /^\s*srt$/m.test(stdout);
}

/** ffmpeg would only say that something is wrong with the input. */
async function checkUdpPort(port: number, host: string): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port, address: host, exclusive: true }, resolve);
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') {
      throw new IngestError('PORT_IN_USE', `SRT port ${port} is in use by another program: stop it, or choose another port.`, { cause: error });
    }
    if (code === 'EACCES') {
      throw new IngestError('PORT_DENIED', `We may not listen on SRT port ${port}: choose one above 1023.`, { cause: error });
    }
    throw error;
  } finally {
    socket.close();
  }
}
