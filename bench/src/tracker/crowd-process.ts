import { answerCalls } from '../load/process-calls.js';
import { Crowd, type ClosedLoop, type Repeated } from './crowd.js';
import { TRACKER_SYSTEMS, type TrackerSystemName } from './systems/registry.js';

/** The crowd's own process: what the clients cost is not to be taken for the tracker's. */

/** What a crowd is begun with. */
export type CrowdStart = { readonly system: TrackerSystemName; readonly url: string; readonly firstAddress: number };
/** Where a crowd stands. */
export type CrowdState = { readonly size: number; readonly failures: Readonly<Record<string, number>> };

let crowd: Crowd | undefined;

answerCalls({
  start: ({ system, url, firstAddress }: CrowdStart): void => {
    crowd?.close();
    crowd = new Crowd(url, TRACKER_SYSTEMS[system].newDialogue, firstAddress);
  },
  grow: (wanted: { size: number; atOnce: number }): Promise<Repeated> => begun().grow(wanted),
  replace: (loop: ClosedLoop): Promise<Repeated> => begun().replace(loop),
  rejoin: (loop: ClosedLoop): Promise<Repeated> => begun().rejoin(loop),
  rejoinPaced: (pace: { perSecond: number; seconds: number }): Promise<Repeated> => begun().rejoinPaced(pace),
  signal: (loop: ClosedLoop): Promise<Repeated> => begun().signal(loop),
  state: (): CrowdState => ({ size: begun().size, failures: begun().failures }),
  close: (): void => crowd?.close(),
});
// It has nothing to do but what it is called for, and stays until the bench goes.
process.channel?.ref();

function begun(): Crowd {
  if (!crowd) throw new Error('the crowd has not begun');
  return crowd;
}
