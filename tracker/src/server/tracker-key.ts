import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Signer } from '@p2ptv/protocol';
import { TrackerError } from './errors.js';

/** The key that tickets are signed with. */
export type TrackerKey = {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Signs natively, some 50 µs a ticket. */
  readonly signer: Signer;
};

const SEED_BYTES = 32;
/** PKCS #8 frame of an Ed25519 private key (RFC 8410): the 32 bytes of the seed follow. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const OTHERS_MASK = 0o077;

/** Name of the key file in the data folder. */
export const TRACKER_KEY_FILE = 'tracker.key';

/**
 * Reads the tracker's key from the data folder, or makes one, so that tickets stay valid over a
 * restart. The file holds the 32 bytes of the seed; its mode is 600.
 *
 * @throws TrackerError
 */
export async function loadTrackerKey(dataFolder: string): Promise<TrackerKey> {
  const file = path.join(dataFolder, TRACKER_KEY_FILE);
  const seed = (await readSeed(file)) ?? (await createSeed(file));
  return keyFromSeed(seed);
}

/** Makes a key of its 32-byte seed. */
export function keyFromSeed(seed: Uint8Array): TrackerKey {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    publicKey: new Uint8Array(Buffer.from(x, 'base64url')),
    signer: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

async function readSeed(file: string): Promise<Uint8Array | undefined> {
  let seed: Uint8Array;
  let mode: number;
  try {
    seed = await readFile(file);
    mode = (await stat(file)).mode;
  } catch (error) {
    if (isErrorCode(error, 'ENOENT')) return undefined;
    throw new TrackerError('DATA_FOLDER', `The tracker's key ${file} can't be read (${reason(error)}).`, {
      cause: error,
    });
  }
  if (process.platform !== 'win32' && (mode & OTHERS_MASK) !== 0) {
    throw new TrackerError('LOOSE_KEY', `Others may read the tracker's key: run chmod 600 ${file}.`);
  }
  if (seed.length !== SEED_BYTES) {
    throw new TrackerError(
      'BAD_KEY',
      `${file} holds no key (${seed.length} bytes instead of ${SEED_BYTES}): restore it, or delete it to get a new one.`,
    );
  }
  return seed;
}

/** Written aside and then linked to its name: the file is there whole or not at all, and replaces none. */
async function createSeed(file: string): Promise<Uint8Array> {
  const seed = randomBytes(SEED_BYTES);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await makeFolder(path.dirname(path.resolve(file)));
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(seed);
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await link(draft, file);
    } finally {
      await unlink(draft);
    }
  } catch (error) {
    // Another process was faster: its key is the one.
    const rival = isErrorCode(error, 'EEXIST') ? await readSeed(file) : undefined;
    if (rival) return rival;
    throw new TrackerError('DATA_FOLDER', `The tracker's key can't be written to ${file} (${reason(error)}).`, {
      cause: error,
    });
  }
  return seed;
}

/** As `mkdir` with `recursive`, which never returns where the file system answers ENOENT under an existing folder. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (isErrorCode(error, 'EEXIST')) return;
    const parent = path.dirname(folder);
    const isParentMissing = isErrorCode(error, 'ENOENT') && !(await isThere(parent));
    if (!isParentMissing) throw error;
    await makeFolder(parent);
    await mkdir(folder, { mode: 0o700 });
  }
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}

function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
