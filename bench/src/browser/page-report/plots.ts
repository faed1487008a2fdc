import type { Plot } from '../../report/chart.js';
import type { ShownSystem } from './systems.js';
import { delayAndOffloadPlot } from './plots/delay-and-offload.js';
import { heightsPlot } from './plots/heights.js';
import { originRatePlot } from './plots/origin-rate.js';
import { playoutDelayPlot } from './plots/playout-delay.js';
import { startupPlot } from './plots/startup.js';
import { originBytesPlot } from './plots/origin-bytes.js';
import { cpuPlot } from './plots/cpu.js';

/** All drawings for which there is something to draw. */
export function browserPlots(systems: readonly ShownSystem[]): Plot[] {
  return [delayAndOffloadPlot(systems), playoutDelayPlot(systems), startupPlot(systems), heightsPlot(systems), originRatePlot(systems), originBytesPlot(systems), cpuPlot(systems)].filter(
    (plot) => plot !== undefined,
  );
}
