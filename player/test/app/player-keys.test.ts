import { describe, expect, it } from 'vitest';
import { actionOf } from '../../src/app/player-keys.js';

const press = (key: string, focus: 'page' | 'button' | 'field' = 'page', hasModifier = false) =>
  actionOf({ key, focus, hasModifier });

describe('player keys', () => {
  it.each([
    [' ', { kind: 'togglePlay' }],
    ['k', { kind: 'togglePlay' }],
    ['K', { kind: 'togglePlay' }],
    ['m', { kind: 'toggleMute' }],
    ['f', { kind: 'toggleFullscreen' }],
    ['l', { kind: 'goLive' }],
    ['ArrowUp', { kind: 'changeVolume', by: 0.1 }],
    ['ArrowDown', { kind: 'changeVolume', by: -0.1 }],
    ['ArrowLeft', { kind: 'seek', bySeconds: -5 }],
    ['ArrowRight', { kind: 'seek', bySeconds: 5 }],
    ['c', { kind: 'toggleCaptions' }],
    ['p', { kind: 'togglePictureInPicture' }],
    ['?', { kind: 'showKeys' }],
    ['0', { kind: 'seekTo', ratio: 0 }],
    ['7', { kind: 'seekTo', ratio: 0.7 }],
    ['x', undefined],
  ])('%j', (key, action) => {
    expect(press(key)).toEqual(action);
  });

  it('leaves the browser’s own keys alone: with modifiers, in fields, space on a button', () => {
    expect(press('f', 'page', true)).toBeUndefined();
    expect(press('k', 'field')).toBeUndefined();
    expect(press(' ', 'button')).toBeUndefined();
    expect(press('k', 'button')).toEqual({ kind: 'togglePlay' });
  });
});
