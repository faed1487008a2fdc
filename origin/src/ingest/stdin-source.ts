import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';

import { IngestError } from './errors.js';
import { RelaySource } from './relay-source.js';

const STDIN_FD = 0;

/**
 * What is piped into this process, in any container that can be read without seeking. It is taken as
 * fast as it comes, as from a camera; only a file (`< film.ts`) is read at its natural speed.
 *
 * @throws IngestError `BAD_INPUT` when standard input is a terminal or closed
 */
export function openStdinSource(ffmpegPath: string): RelaySource {
  const isFile = checkStdin();
  return new RelaySource({
    kind: 'stdin',
    label: 'standard input',
    from: 'standard input',
    ffmpegPath,
    inputArguments: [...(isFile ? ['-re'] : []), '-probesize', '2000000', '-analyzeduration', '500000', '-i', 'pipe:0'],
    maps: { video: '0:v:0', audio: '0:a:0' },
    isStdin: true,
    isRepeated: false,
  });
}

/** @returns whether it is a file */
function checkStdin(): boolean {
  if (isatty(STDIN_FD)) {
    throw new IngestError('BAD_INPUT', 'Standard input is a terminal: pipe a stream into it, e.g. ffmpeg … -f mpegts - | npm start -- --input -');
  }
  try {
    const stat = fstatSync(STDIN_FD);
    if (stat.isFile() || stat.isFIFO() || stat.isSocket()) return stat.isFile();
  } catch {
    // Closed.
  }
  throw new IngestError('BAD_INPUT', 'There is nothing on standard input: pipe a stream into it, e.g. ffmpeg … -f mpegts - | npm start -- --input -');
}
