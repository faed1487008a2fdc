import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

import { systemCode } from '../package/errors.js';
import { ServerError } from './errors.js';

/**
 * Reads a certificate chain and its key (PEM), and checks that they belong together.
 *
 * @throws ServerError `BAD_TLS`
 */
export function loadTls(paths: { readonly cert: string; readonly key: string }): { cert: Buffer; key: Buffer } {
  const cert = read(paths.cert, '--tls-cert');
  const key = read(paths.key, '--tls-key');
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServerError('BAD_TLS', `${paths.cert} and ${paths.key} are no certificate and its key in PEM (${reason}): check --tls-cert and --tls-key.`, { cause: error });
  }
  return { cert, key };
}

function read(path: string, flag: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = systemCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new ServerError('BAD_TLS', `${path} ${reason}: check ${flag}.`, { cause: error });
  }
}
