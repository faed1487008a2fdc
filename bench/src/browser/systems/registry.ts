import type { StartSystem } from './system.js';

type SystemModule = { readonly start: StartSystem };

/** A system under test: its code is loaded in the viewer's page only. */
export type RegisteredSystem = {
  /** One line for people. */
  readonly summary: string;
  readonly load: () => Promise<SystemModule>;
};

/** Every system there is; a new one is a file in this folder and a line here. */
export const SYSTEMS = {
  p2ptv: { summary: 'P2PTV: attachP2ptv with its defaults', load: () => import('./p2ptv.js') },
  hlsjs: { summary: 'plain hls.js from the origin, lowLatencyMode, defaults', load: () => import('./hlsjs.js') },
} as const satisfies Readonly<Record<string, RegisteredSystem>>;

/** A key of {@link SYSTEMS}. */
export type SystemName = keyof typeof SYSTEMS;

/** Whether there is a system of that name. */
export function isSystemName(name: string): name is SystemName {
  return Object.hasOwn(SYSTEMS, name);
}
