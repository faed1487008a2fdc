import { createHash, randomBytes } from 'node:crypto';

import type { AccessStore } from '../store/state-store.js';
import { hashPassword, isPassword, newPassword } from './password.js';

/** How long a login holds, ms. */
export const SESSION_MS = 12 * 3600 * 1000;
/** Passwords that are checked one after the other; beyond them logins are refused. Bounds processor time and memory. */
const MAX_WAITING = 8;

/** What came of a login. `busy`: too many at once, try again. */
export type LoginOutcome =
  | { readonly kind: 'loggedIn'; readonly token: string; readonly expiresAtMs: number }
  | { readonly kind: 'wrongPassword' }
  | { readonly kind: 'noPassword' }
  | { readonly kind: 'busy' };

/** Who may administer: one password, and sessions for those who know it. Neither is kept, only what they are checked with. */
export class AdminAccess {
  readonly #store: AccessStore;
  readonly #wallMs: () => number;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(store: AccessStore, wallMs: () => number) {
    this.#store = store;
    this.#wallMs = wallMs;
  }

  /** Makes a password where there is none; returns it, or undefined where there is one. */
  async createPassword(): Promise<string | undefined> {
    if (this.#store.passwordHash() !== undefined) return undefined;
    const password = newPassword();
    await this.setPassword(password);
    return password;
  }

  /** Sets the password, and ends all sessions. */
  async setPassword(password: string): Promise<void> {
    this.#store.setPasswordHash(await hashPassword(password));
  }

  /** Opens a session for whoever knows the password. */
  async logIn(password: string): Promise<LoginOutcome> {
    const isRight = await this.#check(password);
    if (isRight !== true) return { kind: isRight === false ? 'wrongPassword' : isRight };
    const nowMs = this.#wallMs();
    const token = randomBytes(32).toString('base64url');
    const expiresAtMs = nowMs + SESSION_MS;
    this.#store.pruneSessions(nowMs);
    this.#store.addSession(digestOf(token), { expiresAtMs });
    return { kind: 'loggedIn', token, expiresAtMs };
  }

  /** Whether a token is that of a session that holds. */
  isSession(token: string): boolean {
    return this.#store.hasSession(digestOf(token), this.#wallMs());
  }

  /** Ends a session. */
  logOut(token: string): void {
    this.#store.removeSession(digestOf(token));
  }

  /** One at a time: a crowd at the door takes one core at most, and never what encodes. */
  async #check(password: string): Promise<boolean | 'noPassword' | 'busy'> {
    const hash = this.#store.passwordHash();
    if (hash === undefined) return 'noPassword';
    if (this.#waiting >= MAX_WAITING) return 'busy';
    this.#waiting++;
    const turn = this.#turn.then(() => isPassword(password, hash));
    this.#turn = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
