import type { ReactElement } from 'react';
import { useStoredSetting } from '../stored-setting.js';

/** Told once: who shares, shows his address. */
export function PrivacyNote(): ReactElement | null {
  const [seen, setSeen] = useStoredSetting('p2ptv.privacy-note');
  if (seen === 'seen') return null;
  return (
    <aside className="note" aria-label="About sharing">
      <p>
        You watch together with others: viewers who exchange video with you can see your IP address, and you theirs.
        Under “Pass on to others” you can switch
        sharing off. How playback goes is told to the origin, without a word of who you are.
      </p>
      <button type="button" className="button button-quiet" onClick={() => setSeen('seen')}>
        Got it
      </button>
    </aside>
  );
}
