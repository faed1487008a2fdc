/** What a key does to the player. */
export type PlayerAction =
  | { readonly kind: 'togglePlay' | 'toggleMute' | 'toggleFullscreen' | 'togglePictureInPicture' | 'toggleCaptions' | 'goLive' | 'showKeys' }
  | { readonly kind: 'changeVolume'; readonly by: number }
  | { readonly kind: 'seek'; readonly bySeconds: number }
  /** To a part of all that can be watched, 0 … 1. */
  | { readonly kind: 'seekTo'; readonly ratio: number };

/** Keys and what they do, for people. */
export const KEY_HELP: readonly (readonly [readonly string[], string])[] = [
  [['Space', 'k'], 'Play or pause'],
  [['←', '→'], 'Back or on by 5 seconds'],
  [['0', '…', '9'], 'To a tenth of what can be watched'],
  [['l'], 'Back to live'],
  [['↑', '↓'], 'Louder or softer'],
  [['m'], 'Sound off or on'],
  [['f'], 'Full screen'],
  [['c'], 'Captions, where there are some'],
  [['p'], 'Picture in picture'],
  [['?'], 'These keys'],
];

/** A key press, as far as it matters. */
export type KeyPress = {
  readonly key: string;
  readonly hasModifier: boolean;
  /** What has the focus: `button` takes space for itself, `field` takes every key. */
  readonly focus: 'page' | 'button' | 'field';
};

/** The player's keys, those of {@link KEY_HELP}. undefined: the key is not the player's. */
export function actionOf({ key, hasModifier, focus }: KeyPress): PlayerAction | undefined {
  if (hasModifier || focus === 'field') return undefined;
  if (/^\d$/.test(key)) return { kind: 'seekTo', ratio: Number(key) / 10 };
  switch (key.toLowerCase()) {
    case ' ':
      return focus === 'button' ? undefined : { kind: 'togglePlay' };
    case 'k':
      return { kind: 'togglePlay' };
    case 'm':
      return { kind: 'toggleMute' };
    case 'f':
      return { kind: 'toggleFullscreen' };
    case 'p':
      return { kind: 'togglePictureInPicture' };
    case 'c':
      return { kind: 'toggleCaptions' };
    case '?':
      return { kind: 'showKeys' };
    case 'l':
      return { kind: 'goLive' };
    case 'arrowup':
      return { kind: 'changeVolume', by: 0.1 };
    case 'arrowdown':
      return { kind: 'changeVolume', by: -0.1 };
    case 'arrowleft':
      return { kind: 'seek', bySeconds: -5 };
    case 'arrowright':
      return { kind: 'seek', bySeconds: 5 };
    default:
      return undefined;
  }
}
