import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { locateFfmpeg, packagedFfmpegPath } from '../../src/encode/ffmpeg-location.js';
import { withFolder } from './encoder-fixture.js';

describe('locateFfmpeg', () => {
  it('takes the one that P2PTV_FFMPEG names', async () => {
    const path = packagedFfmpegPath();
    await expect(locateFfmpeg({ P2PTV_FFMPEG: path })).resolves.toMatchObject({ path, foundBy: 'environment', constantRateOptions: ['-vsync', 'cfr'] });
  });

  it('says in one sentence that the named one is missing, and tries no other', async () => {
    await expect(locateFfmpeg({ P2PTV_FFMPEG: 'there/is/no/ffmpeg' })).rejects.toMatchObject({
      code: 'NO_ENCODER',
      message: 'No ffmpeg here encodes H.264 and AAC (there/is/no/ffmpeg: not found): P2PTV_FFMPEG must name one.',
    });
  });

  it('refuses one that cannot encode', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'ffmpeg');
      await writeFile(path, '#!/bin/sh\necho "Unknown encoder \'libx264\'" >&2\nexit 1\n');
      await chmod(path, 0o755);
      await expect(locateFfmpeg({ P2PTV_FFMPEG: path })).rejects.toMatchObject({
        code: 'NO_ENCODER',
        message: expect.stringContaining("Unknown encoder 'libx264'") as unknown,
      });
    });
  });

  it('falls back to the npm package, and makes it executable', async () => {
    await withFolder(async (folder) => {
      // A stand-in: other tests run the package's own binary at this moment.
      const path = join(folder, 'packaged-ffmpeg');
      await writeFile(path, `#!/bin/sh\nexec '${packagedFfmpegPath()}' "$@"\n`, { mode: 0o644 });
      const pathBefore = process.env['PATH'];
      process.env['PATH'] = '';
      try {
        await expect(locateFfmpeg({}, path)).resolves.toMatchObject({ path, foundBy: 'package' });
        await expect(locateFfmpeg({}, join(folder, 'none'))).rejects.toMatchObject({
          code: 'NO_ENCODER',
          message: expect.stringContaining('install ffmpeg, or name one in P2PTV_FFMPEG.') as unknown,
        });
      } finally {
        process.env['PATH'] = pathBefore;
      }
    });
  });
});
