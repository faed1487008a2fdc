/** A run did what no real run can do, or did not add up: a defect in an engine or in the simulator. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
  readonly code = 'SIMULATION_FAILED';
}
