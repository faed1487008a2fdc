import { isSystemName, SYSTEMS } from '../systems/registry.js';
import type { StartSystem } from '../systems/system.js';
import { Viewing, type ViewerPlan, type ViewerReport } from './viewing.js';

/** How the bench talks to the page: `globalThis.viewer`. */
export type ViewerControl = {
  /** Loads the system's code and enables the button; nothing of the stream is touched. */
  prepare(plan: ViewerPlan): Promise<void>;
  /** undefined before it began. */
  report(): ViewerReport | undefined;
};

const video = document.querySelector('video');
const button = document.querySelector('button');
if (!video || !button) throw new Error('The page lacks its video or its button.');
let viewing: Viewing | undefined;

const viewer: ViewerControl = {
  async prepare(plan) {
    const start = await loadSystem(plan);
    const onClick = (click: Event): void => {
      viewing = new Viewing(video, plan, click.timeStamp);
      viewing.begin(start);
    };
    button.addEventListener('click', onClick, { once: true });
    button.disabled = false;
  },
  report: () => viewing?.report(),
};
Object.assign(globalThis, { viewer });

/** With a plan in its address the page plays by itself, as a link to a broadcast does. */
const planned = new URLSearchParams(location.search).get('plan');
if (planned !== null) void playAtOnce(JSON.parse(planned) as ViewerPlan);

async function playAtOnce(plan: ViewerPlan): Promise<void> {
  const start = await loadSystem(plan);
  if (!video) return;
  // Times of a page run from its navigation on.
  viewing = new Viewing(video, plan, 0);
  viewing.begin(start);
}

async function loadSystem(plan: ViewerPlan): Promise<StartSystem> {
  if (!isSystemName(plan.system)) throw new Error(`There is no system ${plan.system}.`);
  return (await SYSTEMS[plan.system].load()).start;
}
