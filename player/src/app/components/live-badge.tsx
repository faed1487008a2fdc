import type { ReactElement } from 'react';
import type { StreamListing } from '@p2ptv/protocol';

const WORDS: Readonly<Record<StreamListing['state'], string>> = { live: 'Live', offline: 'Off air', ended: 'Ended' };

/** Whether a stream is on air. */
export function LiveBadge({ state }: { readonly state: StreamListing['state'] }): ReactElement {
  return <span className={`badge badge-${state}`}>{WORDS[state]}</span>;
}
