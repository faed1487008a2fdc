import { StoppedError } from '../errors.js';
import { describeMachine } from '../machine.js';
import { writeJsonOutput, writeOutput } from '../output-file.js';
import type { Suite, SuiteContext } from '../suite.js';
import type { SimResult } from '../sim/sim-result.js';
import { counterpartOf, simulate } from './counterpart.js';
import { meshFlags, resolveMeshOptions } from './options.js';
import { meshPage } from './page.js';
import { meshReportSchema, type MeshReport } from './report.js';
import { runMesh, type MeshOutcome } from './run.js';
import { summarizeMesh } from './summary.js';
import { formatMeshReport } from './table.js';

/** Real peers on one machine, beside the simulator's run of the same. */
export const meshSuite: Suite = {
  name: 'mesh',
  summary: 'Node peers over real WebRTC and a browser, with limited uplinks: real figures beside the simulator’s for the same',
  configure: (command) => {
    for (const flag of meshFlags()) command.addOption(flag);
  },
  run: async (flags, context) => {
    const options = resolveMeshOptions(flags);
    const startedAt = new Date().toISOString();
    const outcome = await runMesh(options, context);
    const config = counterpartOf(outcome);
    const sim = outcome.isWhole ? await simulated(config, context) : undefined;
    const report = reportOf(outcome, { startedAt, sim });
    writeJsonOutput(options.jsonPath, report);
    if (options.htmlPath !== undefined) writeOutput(options.htmlPath, meshPage(report));
    const files = [`Figures: ${options.jsonPath}`, ...(options.htmlPath === undefined ? [] : [`Page: ${options.htmlPath}`])];
    context.print(`\n${formatMeshReport(report)}\n\n${files.join('\n')}`);
    if (context.signal.aborted) throw new StoppedError(`Stopped: ${options.jsonPath} has what was measured.`);
    return report.results.mesh.failures.length === 0;
  },
};

/** Undefined when somebody stops it: what was measured of the mesh is not for nothing. */
async function simulated(config: ReturnType<typeof counterpartOf>, context: SuiteContext): Promise<SimResult | undefined> {
  context.print('simulator: the same, in virtual time');
  try {
    return await simulate(config, context);
  } catch (error) {
    if (context.signal.aborted) return undefined;
    throw error;
  }
}

function reportOf(outcome: MeshOutcome, { startedAt, sim }: { startedAt: string; sim: SimResult | undefined }): MeshReport {
  const { uplink, jsonPath: _jsonPath, htmlPath: _htmlPath, downlinkKbps, originUplinkKbps, ...options } = outcome.options;
  // Our own schema: a figure that does not fit is a defect here, and must not be written.
  return meshReportSchema.parse({
    suite: 'mesh',
    startedAt,
    machine: describeMachine(outcome.programs),
    config: { ...options, ...outcome.picture, downlinkKbps: downlinkKbps ?? null, originUplinkKbps: originUplinkKbps ?? null, uplink: uplinkText(uplink) },
    results: { mesh: summarizeMesh(outcome, counterpartOf(outcome)), ...(sim ? { sim } : {}) },
  });
}

function uplinkText(uplink: MeshOutcome['options']['uplink']): string {
  switch (uplink.kind) {
    case 'equal':
      return `equal:${uplink.bitsPerSecond / 1_000}`;
    case 'mixed':
      return `mixed, ${uplink.meanBitsPerSecond / 1_000} kb/s in the mean`;
    case 'listed':
      return 'listed';
  }
}
