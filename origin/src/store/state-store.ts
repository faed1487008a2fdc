/**
 * What the origin knows beyond a restart, media excepted: a port, so that another database can stand
 * behind it. Calls are synchronous and short; what they did outlives the process from their return on,
 * however it ends. What is given is trusted: it was checked where it came in. Times are wall clock, ms
 * since the Unix epoch.
 *
 * Every implementation passes `origin/test/store/state-store-contract.ts`.
 */
export interface StateStore {
  readonly channels: ChannelStore;
  readonly recordings: RecordingStore;
  readonly access: AccessStore;
  /** To be called last; nothing may be called after it. */
  close(): void;
}

/** Channels that were made at run time. Those of flags and of the configuration file are not here. */
export interface ChannelStore {
  /** @throws StoreError `ALREADY_EXISTS` */
  add(channel: StoredChannel): void;
  /** Replaces what is known of a channel; returns false when there is none of that slug. */
  update(channel: StoredChannel): boolean;
  /** Returns false when there was none. */
  remove(slug: string): boolean;
  get(slug: string): StoredChannel | undefined;
  /** All, by slug. */
  list(): StoredChannel[];
}

/** A channel as it is kept. */
export type StoredChannel = {
  readonly slug: string;
  /** Its settings as whoever runs channels understands them, the hash of its stream key among them: any JSON object. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether it is to be started with the origin. */
  readonly isStarted: boolean;
  readonly createdAtMs: number;
};

/** What was live, or was uploaded, and can be watched on demand. */
export interface RecordingStore {
  /** @throws StoreError `ALREADY_EXISTS` */
  add(recording: Recording): void;
  /** Changes some fields; returns what the recording is then, or undefined when there is none. */
  update(id: string, change: Partial<Omit<Recording, 'id'>>): Recording | undefined;
  /** Returns false when there was none. */
  remove(id: string): boolean;
  get(id: string): Recording | undefined;
  /** Finds recordings by words and filters, a page at a time. */
  search(query: RecordingQuery): RecordingPage;
}

/** `recording`: still grows. `importing`: a file is being made into one. `ready`: whole. `failed`: unusable. */
export type RecordingState = 'recording' | 'importing' | 'ready' | 'failed';

/** A recording as it is kept. */
export type Recording = {
  /** Unique, and fit for an address. */
  readonly id: string;
  /** Slug of the channel that it is of; undefined for an upload. */
  readonly channel: string | undefined;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly state: RecordingState;
  /** Whether viewers need a token. */
  readonly isPrivate: boolean;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly byteLength: number;
  /** Of the largest picture, pixels; 0 for sound alone. */
  readonly width: number;
  readonly height: number;
  readonly hasThumbnail: boolean;
};

/** Orders of {@link RecordingStore.search}. `relevance` is newest first where no words are given. */
export const RECORDING_ORDERS = ['relevance', 'newest', 'oldest', 'longest', 'shortest', 'largest', 'title'] as const;
/** See {@link RECORDING_ORDERS}. */
export type RecordingOrder = (typeof RECORDING_ORDERS)[number];

/** What {@link RecordingStore.search} looks for; what is absent does not matter. Ranges include their ends. */
export type RecordingQuery = {
  /** Words, each to be the beginning of a word in title, description or tags; case and accents don't count. */
  readonly text?: string | undefined;
  readonly channel?: string | undefined;
  /** All of them. */
  readonly tags?: readonly string[] | undefined;
  /** Any of them. */
  readonly states?: readonly RecordingState[] | undefined;
  readonly isPrivate?: boolean | undefined;
  readonly startedFromMs?: number | undefined;
  readonly startedToMs?: number | undefined;
  readonly durationFromMs?: number | undefined;
  readonly durationToMs?: number | undefined;
  readonly order?: RecordingOrder | undefined;
  /** How many to pass over, and how many to return at most. */
  readonly offset: number;
  readonly limit: number;
};

/** One page of what was found. */
export type RecordingPage = {
  /** On all pages together. */
  readonly total: number;
  readonly recordings: readonly Recording[];
};

/** Who may administer. */
export interface AccessStore {
  /** The hash of the administrator's password, as whoever checks it wrote it. */
  passwordHash(): string | undefined;
  /** Sets the password's hash, and ends all sessions. */
  setPasswordHash(hash: string): void;
  /** @param digest names the session; the token itself is not kept */
  addSession(digest: string, session: { readonly expiresAtMs: number }): void;
  /** Whether there is such a session that has not expired. */
  hasSession(digest: string, nowMs: number): boolean;
  removeSession(digest: string): void;
  /** Forgets sessions that have expired. */
  pruneSessions(nowMs: number): void;
}
