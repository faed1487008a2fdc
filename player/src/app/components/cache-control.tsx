import { useState, type ReactElement } from 'react';
import { formatBytes } from '../format.js';
import type { P2ptvCache } from '../../library/index.js';

type CacheControlProps = {
  readonly size: P2ptvCache['size'];
  /** Resolves when all is gone. */
  readonly onClear: () => Promise<void>;
};

/** What this viewer's disk keeps of all that was watched here, and the way to be rid of it. */
export function CacheControl({ size, onClear }: CacheControlProps): ReactElement {
  const [isClearing, setIsClearing] = useState(false);
  const clear = (): void => {
    setIsClearing(true);
    void onClear().finally(() => setIsClearing(false));
  };
  return (
    <div className="cache">
      <p>
        <span className="figure-label">Kept on this device</span>
        <span data-stat="cache-size">
          {formatBytes(size.bytes)} of {formatBytes(size.quotaBytes)}
        </span>
      </p>
      <button type="button" className="button button-quiet" disabled={isClearing || size.bytes === 0} onClick={clear}>
        Clear
      </button>
    </div>
  );
}
