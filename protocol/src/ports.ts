/**
 * Where wall-clock and monotonic time come from outside the engine. The engine itself is handed
 * `nowMs` with every input, so that the same code runs in virtual time.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never runs backwards. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch; may be stepped by the system. */
  wallMs(): number;
}

/** A stream of random numbers; every peer owns one, seeded in tests and in the simulator. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
