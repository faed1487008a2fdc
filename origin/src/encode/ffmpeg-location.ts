import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { IngestError } from '../ingest/errors.js';

/** A usable ffmpeg and what we know of it. */
export type Ffmpeg = {
  /** What to spawn: a name found on the PATH, or a path. */
  readonly path: string;
  /** The version as it names itself, e.g. `5.1.9-0+deb12u1`. */
  readonly version: string;
  /** Where it was found: `P2PTV_FFMPEG`, the PATH, or the npm package. */
  readonly foundBy: 'environment' | 'system' | 'package';
  /**
   * The options that ask for a constant frame rate: `-fps_mode cfr` since 5.1, `-vsync cfr` before.
   * The `fps` filter would do on every version, but holds each frame until the next one comes.
   */
  readonly constantRateOptions: readonly string[];
};

type Candidate = { readonly path: string; readonly foundBy: Ffmpeg['foundBy'] };

/** A probe that takes longer than this has hung. A cold start of the 70 MB package binary takes about 1 s. */
const PROBE_TIMEOUT_MS = 15_000;

/**
 * Finds an ffmpeg that encodes H.264 and AAC: the one that `P2PTV_FFMPEG` names, else the system's,
 * else the one in the npm package.
 *
 * Each candidate encodes three frames with sound before it is chosen, since a build may list an
 * encoder that fails to open. When `P2PTV_FFMPEG` is set, nothing else is tried: falling back in
 * silence would hide the typing error.
 *
 * @param packaged path of the npm package's binary
 * @throws IngestError `NO_ENCODER`
 */
export async function locateFfmpeg(
  environment: NodeJS.ProcessEnv = process.env,
  packaged: string | undefined = packagedFfmpegPath(),
): Promise<Ffmpeg> {
  const failures: string[] = [];
  for (const candidate of await candidates(environment, packaged)) {
    const result = await probe(candidate);
    if (typeof result === 'object') return result;
    failures.push(`${candidate.path}: ${result}`);
  }
  const hint = environment['P2PTV_FFMPEG'] ? 'P2PTV_FFMPEG must name one' : 'install ffmpeg, or name one in P2PTV_FFMPEG';
  throw new IngestError('NO_ENCODER', `No ffmpeg here encodes H.264 and AAC (${failures.join('; ')}): ${hint}.`);
}

/** The path of the ffmpeg that the npm package brings for this platform; undefined where it has none. */
export function packagedFfmpegPath(): string | undefined {
  try {
    // The package is CommonJS and throws when loaded on a platform it has no binary for.
    const loaded: unknown = createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg');
    if (typeof loaded === 'object' && loaded !== null && 'path' in loaded && typeof loaded.path === 'string') return loaded.path;
  } catch {
    // No binary for this platform: the caller names what else can be done.
  }
  return undefined;
}

async function candidates(environment: NodeJS.ProcessEnv, packaged: string | undefined): Promise<Candidate[]> {
  const named = environment['P2PTV_FFMPEG'];
  if (named) return [{ path: named, foundBy: 'environment' }];
  const found: Candidate[] = [{ path: 'ffmpeg', foundBy: 'system' }];
  if (packaged !== undefined) {
    // npm may have skipped the package's install step, which sets this bit; a read-only install has it or fails the probe.
    await chmod(packaged, 0o755).catch(() => undefined);
    found.push({ path: packaged, foundBy: 'package' });
  }
  return found;
}

async function probe(candidate: Candidate): Promise<Ffmpeg | string> {
  let reason = '';
  for (const constantRateOptions of [['-fps_mode', 'cfr'], ['-vsync', 'cfr']]) {
    const result = await run(candidate.path, [
      ...['-loglevel', 'info', '-nostdin'],
      ...['-f', 'lavfi', '-i', 'color=size=64x64:rate=10:duration=0.3', '-f', 'lavfi', '-i', 'sine=duration=0.3'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', ...constantRateOptions, '-c:a', 'aac', '-f', 'null', '-'],
    ]);
    if (result.isOk) {
      const version = /^ffmpeg version (\S+)/m.exec(result.output)?.[1] ?? 'unknown';
      return { ...candidate, version, constantRateOptions };
    }
    reason = result.output;
  }
  return reason.trim().split('\n').at(-1)?.trim() ?? 'failed';
}

function run(path: string, args: readonly string[]): Promise<{ isOk: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile(path, args, { timeout: PROBE_TIMEOUT_MS, windowsHide: true }, (error, _stdout, stderr) => {
      if (error === null) resolve({ isOk: true, output: stderr });
      else resolve({ isOk: false, output: error.code === 'ENOENT' ? 'not found' : stderr || error.message });
    });
  });
}
