import { describe, expect, it } from 'vitest';
import { judge } from '../../src/browser/bars.js';
import { browserPage } from '../../src/browser/page-report/page.js';
import { delayScale } from '../../src/browser/page-report/plots/delay-scale.js';
import type { BrowserReport } from '../../src/browser/report.js';
import { report, round } from './made-up-report.js';

const far = round({ playoutDelayMs: { p50: 16_000, p95: 16_100, samples: 9, invalidReads: 0 }, playoutDelayQuantilesMs: Array.from({ length: 21 }, () => 16_000) });
const three = report({ hlsjs: [round(), round()], p2ptv: [round(), round({ stalledRatio: 0.01 })], 'p2p-media-loader': [far, far] });

function page(made: BrowserReport, pictures: ReadonlyMap<string, Buffer> = new Map()): string {
  return browserPage(made, { bars: judge(made), pictures });
}

describe('the page of a comparison', () => {
  it('needs nothing but itself, and runs no script', () => {
    const text = page(three, new Map([['p2ptv', Buffer.from('a picture')]]));
    expect(text).not.toMatch(/<script|<link|@import|url\((?!#)|href=/);
    expect(text.match(/src="[^"]{0,30}/g)).toEqual(['src="data:image/jpeg;base64,YSBwaWN']);
    expect(text).toContain("default-src 'none'");
  });

  it('is about P2PTV, whatever the order of the systems', () => {
    const text = page(three);
    expect(text).toContain('<h1>p2ptv beside hlsjs and p2p-media-loader</h1>');
    expect(text.indexOf('<b>p2ptv</b>')).toBeLessThan(text.indexOf('<b>hlsjs</b>'));
    const many = Object.fromEntries(['hlsjs', 'p2ptv', 'p2ptv-off', 'hlsjs-tuned'].map((name) => [name, [round()]]));
    expect(page(report(many))).toContain('<h1>p2ptv beside 3 others</h1>');
  });

  it('says which bars are met', () => {
    const bars = judge(three);
    const met = bars.filter(({ isMet }) => isMet).length;
    expect(met).toBeLessThan(bars.length);
    expect(page(three)).toContain(`<h2>${met} of ${bars.length} bars met</h2>`);
    expect(page(three)).toMatch(/stalledRatio<\/td>.*NOT MET/);
  });

  it('shows how far the rounds lie apart', () => {
    expect(page(three)).toContain('0.00 %–1.00 %');
    expect(page(report({ p2ptv: [round()] }))).not.toContain('class="change"');
  });

  it('draws every picture, once for wide pages and once for phones', () => {
    const titles = ['Delay and offload', 'How far behind the camera', 'Time to the first frame', 'What leaves the origin', 'What the origin sent in all', 'What watching costs'];
    const text = page(three);
    for (const title of titles) expect(text).toContain(`<h3>${title}`);
    expect(text.match(/<svg/g)).toHaveLength(2 * titles.length);
  });

  it('has seeks instead of a delay at its head where people seek, and draws lines that change', () => {
    const change = { slowedAtMs: 10_000, restoredAtMs: 20_000, wasBest: 2, downMs: { p50: 2_500, most: 3_000 }, stayedBest: 0, upMs: { p50: null, most: null }, stayedLow: 2, stalledWhileSlowRatio: 0 };
    const seekMs = { p50: 321, p95: 400, samples: 9 };
    const startupFromNavigationMs = { p50: null, p95: null, first: null, laterP50: null, all: [] };
    const text = page(report({ p2ptv: [round({ seekMs, seeksUnfinished: 1, startupFromNavigationMs, lineChange: change, heightsBySecond: [360, 180, 360] })] }));
    const cards = text.slice(text.indexOf('class="cards"'), text.indexOf('<svg'));
    expect(cards).toMatch(/Seek p50, ms.*321/);
    expect(cards).not.toContain('Playout delay');
    expect(text).toContain('p2ptv turned to a lesser rendition after 2.5 s');
  });

  it('leaves out drawings for which there is nothing', () => {
    const nothing = { p50: null, p95: null, first: null, laterP50: null, all: [] };
    const viewers = round().viewers.map((viewer) => ({ ...viewer, startupMs: null, startupFromNavigationMs: null }));
    const blind = round({ startupMs: nothing, startupFromNavigationMs: nothing, viewers, playoutDelayQuantilesMs: [], originBitsPerSecond: [], cpuSecondsPerViewerMinute: null, handedBytes: 0 });
    const text = page(report({ p2ptv: [blind] }));
    expect(text).not.toContain('<svg');
    expect(text).not.toContain('<h2>Pictures</h2>');
    expect(text).not.toContain('NaN');
  });

  it('shows foreign text as text', () => {
    const made = report({ p2ptv: [round({ failures: ['Viewer 1: <b>"bold"</b>.'] })] });
    expect(page(made)).toContain('&lt;b&gt;&quot;bold&quot;&lt;/b&gt;');
    expect(page(made)).toContain('p2ptv &amp; its settings');
  });
});

describe('the axis of delays', () => {
  it('is even for delays of a kind', () => {
    const { axis, place, format } = delayScale([840, 1180]);
    expect(axis).toEqual({ min: 750, max: 1250, interval: 250 });
    expect(format(place(1000))).toBe('1 s');
  });

  it('doubles from tick to tick where some are many times others', () => {
    const { axis, place, format } = delayScale([840, 16_000]);
    expect([axis.min, axis.max].map(format)).toEqual(['0.5 s', '32 s']);
    expect(place(16_000) - place(8_000)).toBeCloseTo(1);
  });
});
