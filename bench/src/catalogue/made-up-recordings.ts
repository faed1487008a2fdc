import type { Recording, RecordingQuery } from '@p2ptv/origin/store';
import type { Random } from '@p2ptv/protocol';

const SYLLABLES = ['ba', 'ken', 'lo', 'mir', 'sta', 'tra', 'vel', 'dor', 'un', 'gri', 'pel', 'sha', 'ter', 'no', 'qui', 'ras'];
/** Words in use. Few people use many: the n-th is drawn about 1/n as often as the first (Zipf). */
const VOCABULARY = 4_000;
const CHANNELS = 12;
const TAGS = 60;
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
const PAGE = 24;
/** Pages that are looked at; later ones are rare. */
const PAGES = 5;

/** Makes up a recording with a title of 3–8 words, a description of 20–60 and up to 5 tags. */
export function makeUpRecording(index: number, random: Random): Recording {
  return {
    id: `recording-${index}`,
    channel: `channel-${draw(random, CHANNELS)}`,
    title: words(random, 3 + draw(random, 6)),
    description: words(random, 20 + draw(random, 41)),
    tags: [...new Set(Array.from({ length: draw(random, 6) }, () => `tag${zipf(random, TAGS)}`))],
    state: 'ready',
    isPrivate: draw(random, 20) === 0,
    startedAtMs: FIRST_DAY_MS + draw(random, 365) * DAY_MS + index,
    durationMs: 60_000 * (1 + draw(random, 180)),
    byteLength: 1_000_000 * (1 + draw(random, 2_000)),
    width: 1280,
    height: 720,
    hasThumbnail: true,
  };
}

/** The kinds of searches that are timed, each from what people do on a page of recordings. */
export const SEARCHES = {
  /** As somebody types: the first letter of a word, which most recordings have. */
  firstLetter: (random) => ({ ...pageOf(random), text: word(zipf(random, VOCABULARY)).slice(0, 1) }),
  oneWord: (random) => ({ ...pageOf(random), text: word(zipf(random, VOCABULARY)) }),
  twoWords: (random) => ({ ...pageOf(random), text: words(random, 2) }),
  wordsAndFilters: (random) => ({
    ...pageOf(random),
    text: word(zipf(random, VOCABULARY)),
    channel: `channel-${draw(random, CHANNELS)}`,
    tags: [`tag${zipf(random, TAGS)}`],
    isPrivate: false,
    order: 'newest',
  }),
  newest: (random) => ({ ...pageOf(random), states: ['ready', 'recording'], isPrivate: false }),
  longest: (random) => ({ ...pageOf(random), states: ['ready'], order: 'longest' }),
} as const satisfies Readonly<Record<string, (random: Random) => RecordingQuery>>;

function pageOf(random: Random): Pick<RecordingQuery, 'offset' | 'limit'> {
  return { offset: PAGE * draw(random, PAGES), limit: PAGE };
}

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => word(zipf(random, VOCABULARY))).join(' ');
}

/** The word of a rank: the same for the same rank. */
function word(rank: number): string {
  let text = '';
  for (let rest = rank + SYLLABLES.length; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) text += SYLLABLES[rest % SYLLABLES.length] ?? '';
  return text;
}

function zipf(random: Random, count: number): number {
  return Math.min(count - 1, Math.floor((count + 1) ** random.next()) - 1);
}

function draw(random: Random, count: number): number {
  return Math.floor(random.next() * count);
}
