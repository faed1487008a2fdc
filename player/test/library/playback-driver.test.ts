import type Hls from 'hls.js';
import { afterEach, describe, expect, it } from 'vitest';
import { PlaybackDriver } from '../../src/library/playback-driver.js';
import { PlaybackMeter } from '../../src/library/playback-meter.js';
import { bytesOf, EPOCH_MS, headerOf, PART_MS } from '../support/chunk-headers.js';
import { FakeSession } from '../support/fake-session.js';
import { FEED_RECORD } from '../support/feed-record.js';

/** An element whose playhead goes where it is told; events come when the test says so. */
class StillMedia extends EventTarget {
  currentTime = 0;
  paused = false;
  seeking = false;
  playbackRate = 1;
  readonly buffered = { length: 0 };

  /** As somebody else than the driver seeks. */
  seekTo(seconds: number): void {
    this.currentTime = seconds;
    this.seeking = true;
    this.dispatchEvent(new Event('seeking'));
    this.seeking = false;
  }
}

describe('whether the live edge is followed', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** A driver of a stream of which so many parts have come, with the first frame painted. */
  const drive = (parts: number): { driver: PlaybackDriver; media: StillMedia; partComes: (isListed?: boolean) => void } => {
    const session = new FakeSession();
    const media = new StillMedia();
    const details = { fragments: [{ start: 0, programDateTime: EPOCH_MS }], partTarget: PART_MS / 1000, edge: 0 };
    const hls = { latestLevelDetails: details, config: {} } as unknown as Hls;
    let come = 0;
    const driver = new PlaybackDriver(hls, session, {
      // The first seek of a driver is as free as any later one.
      clock: { nowMs: () => 10_000 + come * PART_MS, wallMs: () => EPOCH_MS + come * PART_MS },
      meter: new PlaybackMeter(),
      listener: { stallEnded: () => undefined },
      isVisible: () => true,
    });
    closing.push(() => driver.close());
    const partComes = (isListed = true): void => {
      if (isListed) details.edge = ((come + 1) * PART_MS) / 1000;
      session.addPart(headerOf(come), bytesOf(come++));
    };
    session.join(FEED_RECORD);
    for (let part = 0; part < parts; part++) partComes();
    driver.attachMedia(media as unknown as HTMLMediaElement);
    driver.started();
    return { driver, media, partComes };
  };

  it('is not changed by hls.js, which seeks to its start late on a slow machine', () => {
    const { driver, media, partComes } = drive(20);
    media.seekTo(0.5);
    expect(driver.isFollowingLive).toBe(true);
    partComes();
    expect(media.currentTime).toBeGreaterThan(2.5);
  });

  it('is not changed by hls.js, which pushes on what stands still', () => {
    const { driver, media, partComes } = drive(20);
    // hls.js does not ask for the playlist any more.
    for (let part = 0; part < 20; part++) partComes(false);
    media.dispatchEvent(new Event('seeking'));
    const from = media.currentTime;
    media.seekTo(from + 0.1);
    expect(driver.isFollowingLive).toBe(true);
    partComes();
    expect(media.currentTime).toBeGreaterThan(from + 2);
  });

  it('ends when the viewer goes back, and is taken up near the edge', () => {
    const { driver, media, partComes } = drive(20);
    partComes();
    media.dispatchEvent(new Event('seeking'));
    media.seekTo(0.5);
    expect(driver.isFollowingLive).toBe(false);
    for (let part = 0; part < 10; part++) partComes();
    expect(media.currentTime).toBe(0.5);
    // Forward, and still far behind.
    media.seekTo(1);
    expect(driver.isFollowingLive).toBe(false);
    media.seekTo(5);
    expect(driver.isFollowingLive).toBe(true);
  });
});
