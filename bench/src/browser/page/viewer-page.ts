import { isSystemName, SYSTEMS } from '../systems/registry.js';
import { Viewing, type ViewerPlan, type ViewerReport } from './viewing.js';

/** How the bench talks to the page: `globalThis.viewer`. */
export type ViewerControl = {
  /** Loads the system's code and enables the button; nothing of the stream is touched. */
  prepare(plan: ViewerPlan): Promise<void>;
  /** undefined before the click. */
  report(): ViewerReport | undefined;
};

const video = document.querySelector('video');
const button = document.querySelector('button');
if (!video || !button) throw new Error('The page lacks its video or its button.');
let viewing: Viewing | undefined;

const viewer: ViewerControl = {
  async prepare(plan) {
    if (!isSystemName(plan.system)) throw new Error(`There is no system ${plan.system}.`);
    const { start } = await SYSTEMS[plan.system].load();
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
