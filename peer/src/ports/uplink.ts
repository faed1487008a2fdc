/** A share in an uplink that others use too: what it sends waits for its turn. */
export interface Uplink {
  /**
   * Asks for bytes to be sent. `granted` is called once, at once or later, in the order of asking.
   *
   * @returns withdraws the ask
   */
  ask(bytes: number, granted: () => void): () => void;
  /** Copies of the stream that the uplink can carry beside all else; undefined: not known yet. */
  maxCopies(): number | undefined;
}
