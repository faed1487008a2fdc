import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { PackageError } from '../package/errors.js';
import { loadOrCreateSecret } from '../package/secret-file.js';

const MIN_CHARACTERS = 16;

/**
 * Loads `<dataFolder>/hook.key`, which bodies of webhooks are signed with, or makes it at the first start.
 *
 * @throws PackageError `BAD_KEY`
 */
export function loadHookSecret(dataFolder: string): string {
  const path = join(dataFolder, 'hook.key');
  const secret = loadOrCreateSecret(path, () => Buffer.from(`${randomBytes(32).toString('base64url')}\n`)).toString('utf8').trim();
  if (secret.length >= MIN_CHARACTERS) return secret;
  throw new PackageError('BAD_KEY', `${path} must hold at least ${MIN_CHARACTERS} characters: correct it, or remove it to get a new one.`);
}
