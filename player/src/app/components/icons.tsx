import type { ReactElement } from 'react';

const PATHS = {
  play: 'M8 5.2v13.6L19 12z',
  pause: 'M7 5h3.6v14H7zM13.4 5H17v14h-3.6z',
  volume: 'M4 9.2v5.6h3.6L12.4 19V5L7.6 9.2zM15.4 8.4a5 5 0 0 1 0 7.2l1.2 1.3a6.8 6.8 0 0 0 0-9.8zM17.8 5.8a8.6 8.6 0 0 1 0 12.4l1.2 1.3a10.4 10.4 0 0 0 0-15z',
  muted: 'M4 9.2v5.6h3.6L12.4 19V5L7.6 9.2zM21 9.6l-1.3-1.3-2.3 2.4-2.4-2.4-1.2 1.3 2.3 2.4-2.3 2.4 1.2 1.3 2.4-2.4 2.3 2.4L21 14.4 18.6 12z',
  sound: 'M3 10h1.6v4H3zm3.3-3h1.6v10H6.3zm3.3 2h1.6v6H9.6zm3.3-4h1.6v14h-1.6zm3.3 3h1.6v8h-1.6zm3.3 2h1.6v4h-1.6z',
  fullscreen: 'M5 5h5.6v1.9H6.9v3.7H5zM13.4 5H19v5.6h-1.9V6.9h-3.7zM5 13.4h1.9v3.7h3.7V19H5zM17.1 13.4H19V19h-5.6v-1.9h3.7z',
  windowed: 'M8.7 5h1.9v5.6H5V8.7h3.7zM13.4 5h1.9v3.7H19v1.9h-5.6zM5 13.4h5.6V19H8.7v-3.7H5zM13.4 13.4H19v1.9h-3.7V19h-1.9z',
  pictureInPicture: 'M3.5 5h17v14h-17zm1.9 1.9v10.2h13.2V6.9zM11.5 11.5h5.6v4.1h-5.6z',
  keys: 'M3 7h18v10H3zm1.8 1.8v6.4h14.4V8.8zM6.5 10h1.8v1.6H6.5zm3 0h1.8v1.6H9.5zm3.2 0h1.8v1.6h-1.8zm3 0h1.8v1.6h-1.8zM8 12.8h8v1.5H8z',
  captions: 'M3 5.5h18v13H3zm1.8 1.8v9.4h14.4V7.3zM6.5 10h5.6v1.7H6.5zm7.2 0h3.8v1.7h-3.8zM6.5 13.2h3.4v1.7H6.5zm5 0h6v1.7h-6z',
  quality: 'M4 7h8v1.9H4zm8-2h2v5.9h-2zm3.5 2H20v1.9h-4.5zM4 15.1h3V17H4zm3-2h2V19H7zm3.5 2H20V17h-9.5z',
  close: 'M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4L12 13.4 6.4 19 5 17.6l5.6-5.6L5 6.4z',
} as const;

/** A drawing of a control; its button says what it does. */
export function Icon({ name }: { readonly name: keyof typeof PATHS }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} fill="currentColor" />
    </svg>
  );
}
