/** The rules by which a player holds its delay, without a player: for simulators. */
export { DelayTarget, delayTargetOptions } from './delay-target.js';
export { DEFAULT_RATE_OPTIONS, nextRate } from './rate-control.js';
