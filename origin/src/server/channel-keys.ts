import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as z from 'zod';

import { CHANNEL_SCHEMAS } from '../channel/channel-settings.js';
import { hashStreamKey, newStreamKey } from '../channel/stream-key.js';
import { replaceFile } from '../package/durable-file.js';
import { PackageError, systemCode } from '../package/errors.js';

const schema = z.record(z.string(), CHANNEL_SCHEMAS.streamKeyHash);
const FILE_MODE = 0o600;

/** Stream keys of channels whose configuration names none, in `<dataFolder>/stream-keys.json`: only their hashes, by slug. */
export class ChannelKeys {
  readonly #path: string;
  readonly #hashes: Map<string, string>;

  private constructor(path: string, hashes: Map<string, string>) {
    this.#path = path;
    this.#hashes = hashes;
  }

  /** @throws PackageError `BAD_KEY` when the file is unusable */
  static load(dataFolder: string): ChannelKeys {
    const path = join(dataFolder, 'stream-keys.json');
    try {
      return new ChannelKeys(path, new Map(Object.entries(schema.parse(JSON.parse(readFileSync(path, 'utf8'))))));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return new ChannelKeys(path, new Map());
      throw new PackageError('BAD_KEY', `${path} cannot be read as stream keys: correct it, or remove it to get new ones.`, { cause: error });
    }
  }

  /** What is kept of a channel's key; undefined: it has none. */
  hashOf(slug: string): string | undefined {
    return this.#hashes.get(slug);
  }

  /** Makes a channel's key, in the place of any before: to be shown now, since it is not kept. */
  make(slug: string): string {
    const key = newStreamKey();
    this.#hashes.set(slug, hashStreamKey(key));
    replaceFile(this.#path, `${JSON.stringify(Object.fromEntries(this.#hashes), undefined, 2)}\n`, FILE_MODE);
    return key;
  }
}
