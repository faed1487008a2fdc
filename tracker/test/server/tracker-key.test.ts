import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { keyPairFromSecret, verify } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { keyFromSeed, loadTrackerKey, TRACKER_KEY_FILE } from '../../src/server/tracker-key.js';
import { temporaryFolder } from './tracker-harness.js';

describe('the tracker key', () => {
  it('is made once, for its owner alone, and read the next time', async () => {
    const folder = path.join(await temporaryFolder(), 'new', 'data');
    const made = await loadTrackerKey(folder);
    const file = path.join(folder, TRACKER_KEY_FILE);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file)).toHaveLength(32);
    expect((await loadTrackerKey(folder)).publicKey).toEqual(made.publicKey);
    expect(await readdir(folder)).toEqual([TRACKER_KEY_FILE]);
  });

  it('is the same for all who start at once', async () => {
    const folder = await temporaryFolder();
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadTrackerKey(folder)));
    expect(new Set(keys.map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))).size).toBe(1);
    expect(await readdir(folder)).toEqual([TRACKER_KEY_FILE]);
  });

  it('signs as the protocol verifies', () => {
    const seed = new Uint8Array(32).fill(3);
    const { publicKey, signer } = keyFromSeed(seed);
    expect(publicKey).toEqual(keyPairFromSecret(seed).publicKey);
    const message = new TextEncoder().encode('message');
    expect(verify(signer(message), message, publicKey)).toBe(true);
  });

  it('is refused when it is no key, when others may read it, and where none can be made', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, TRACKER_KEY_FILE);
    await writeFile(file, 'short', { mode: 0o600 });
    await expect(loadTrackerKey(folder)).rejects.toMatchObject({ code: 'BAD_KEY' });
    await writeFile(file, new Uint8Array(32));
    await chmod(file, 0o644);
    await expect(loadTrackerKey(folder)).rejects.toMatchObject({ code: 'LOOSE_KEY' });
    await expect(loadTrackerKey(file)).rejects.toMatchObject({ code: 'DATA_FOLDER' });
    await mkdir(path.join(folder, 'odd', TRACKER_KEY_FILE), { recursive: true });
    await expect(loadTrackerKey(path.join(folder, 'odd'))).rejects.toMatchObject({ code: 'DATA_FOLDER' });
    // mkdir answers ENOENT there although the parent exists: it must not be tried for ever.
    if (process.platform === 'linux') {
      await expect(loadTrackerKey('/proc/none')).rejects.toMatchObject({ code: 'DATA_FOLDER' });
    }
  });
});
