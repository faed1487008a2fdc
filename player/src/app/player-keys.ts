/** What a key does to the player. */
export type PlayerAction =
  | { readonly kind: 'togglePlay' | 'toggleMute' | 'toggleFullscreen' | 'goLive' }
  | { readonly kind: 'changeVolume'; readonly by: number }
  | { readonly kind: 'seek'; readonly bySeconds: number };

/** A key press, as far as it matters. */
export type KeyPress = {
  readonly key: string;
  readonly hasModifier: boolean;
  /** What has the focus: `button` takes space for itself, `field` takes every key. */
  readonly focus: 'page' | 'button' | 'field';
};

/** The player's keys: space or k, m, f, l, arrows. undefined: the key is not the player's. */
export function actionOf({ key, hasModifier, focus }: KeyPress): PlayerAction | undefined {
  if (hasModifier || focus === 'field') return undefined;
  switch (key.toLowerCase()) {
    case ' ':
      return focus === 'button' ? undefined : { kind: 'togglePlay' };
    case 'k':
      return { kind: 'togglePlay' };
    case 'm':
      return { kind: 'toggleMute' };
    case 'f':
      return { kind: 'toggleFullscreen' };
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
