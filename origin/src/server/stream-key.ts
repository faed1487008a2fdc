import { join } from 'node:path';

import { newStreamKey, STREAM_KEY } from '../channel/stream-key.js';
import { PackageError } from '../package/errors.js';
import { loadOrCreateSecret } from '../package/secret-file.js';

/**
 * Loads `<dataFolder>/stream.key`, what a publisher must show over RTMP, or makes it at the first start.
 *
 * @throws PackageError `BAD_KEY`
 */
export function loadStreamKey(dataFolder: string): string {
  const path = join(dataFolder, 'stream.key');
  const key = loadOrCreateSecret(path, () => Buffer.from(`${newStreamKey()}\n`)).toString('utf8').trim();
  if (STREAM_KEY.test(key)) return key;
  throw new PackageError('BAD_KEY', `${path} must hold 8 to 128 letters, digits, - or _: correct it, or remove it to get a new one.`);
}
