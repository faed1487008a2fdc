import { requestJson, type JsonRequest } from '../request-json.js';

/** A channel as `GET /api/admin/channels` shows it; the origin's OpenAPI page says what each field means. */
export type AdminChannel = {
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly isPrivate: boolean;
  readonly input: string;
  readonly state: 'offline' | 'live' | 'ended';
  readonly isStarted: boolean;
  readonly hasPublisher: boolean;
  readonly viewers: number;
  /** Defined by flags or the configuration file: it can be started and stopped here, no more. */
  readonly isInConfiguration: boolean;
  readonly watchPath: string;
};

/** A recording as `GET /api/admin/recordings` shows it. */
export type AdminRecording = {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly state: 'recording' | 'importing' | 'ready' | 'failed';
  readonly isPrivate: boolean;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly byteLength: number;
};

/** One page of them, and how many there are on all. */
export type AdminRecordings = { readonly total: number; readonly recordings: readonly AdminRecording[] };

/** What people change of a recording. */
export type RecordingForm = Pick<AdminRecording, 'title' | 'description' | 'tags' | 'isPrivate'>;

/** A file that is being added, as `GET /api/admin/uploads` shows it. */
export type AdminUpload = {
  readonly id: string;
  readonly fileName: string;
  readonly title: string;
  readonly state: 'receiving' | 'waiting' | 'encoding' | 'ready' | 'failed';
  readonly receivedBytes: number;
  readonly byteLength?: number;
  readonly encodedRatio: number;
  readonly recordingId?: string;
  readonly problem?: string;
};

/** Files that are being added, newest first; `roomBytes`: how large another may be. */
export type AdminUploads = { readonly maxBytes: number; readonly roomBytes: number; readonly uploads: readonly AdminUpload[] };

/** What people give of a channel; `slug` only to make one. */
export type ChannelForm = {
  readonly slug?: string;
  readonly title?: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly input: string;
  readonly isPrivate: boolean;
};

/** Who watches a channel. Media bytes are as viewers reported them. */
export type Audience = {
  readonly viewers: number;
  readonly seeders: number;
  /** Since the tracker started. */
  readonly joins: number;
  readonly originBytes: number;
  readonly peerBytes: number;
  readonly seederBytes: number;
};

/** What the origin sends, of private channels too. */
export type OriginStats = {
  /** How its limited uplink is used: figures, and bytes by what they are for; null: it has no limit. */
  readonly uplink: Readonly<Record<string, number | Readonly<Record<string, number>>>> | null;
  readonly streams: readonly {
    readonly slug: string;
    readonly originBytes: Readonly<Record<string, number>>;
    readonly viewers: number;
    readonly waiters: number;
    readonly memoryBytes: number;
  }[];
};

/**
 * The administration of the origin that serves this page. What answers is trusted: it is the same
 * origin, of the same version. Each call throws ApiError, 401 when nobody is logged in: that is all that `checkSession` tells.
 */
export const adminApi = {
  checkSession: (signal: AbortSignal) => admin('session', { signal }),
  logIn: (password: string) => admin('session', { method: 'POST', body: { password } }),
  logOut: () => admin('session', { method: 'DELETE' }),
  channels: async (signal: AbortSignal) => ((await admin('channels', { signal })) as { channels: AdminChannel[] }).channels,
  create: async (form: ChannelForm) => (await admin('channels', { method: 'POST', body: form })) as { channel: AdminChannel; streamKey: string },
  change: (slug: string, form: ChannelForm) => admin(`channels/${slug}`, { method: 'PATCH', body: form }),
  remove: (slug: string) => admin(`channels/${slug}`, { method: 'DELETE' }),
  setStarted: (slug: string, isStarted: boolean) => admin(`channels/${slug}/${isStarted ? 'start' : 'stop'}`, { method: 'POST' }),
  rotateKey: async (slug: string) => ((await admin(`channels/${slug}/stream-key`, { method: 'POST' })) as { streamKey: string }).streamKey,
  audience: async (slug: string, signal: AbortSignal) => (await admin(`channels/${slug}/audience`, { signal })) as Audience,
  recordings: async ({ text, offset, limit }: { readonly text: string; readonly offset: number; readonly limit: number }, signal: AbortSignal) => {
    const asked = new URLSearchParams({ order: 'newest', offset: String(offset), limit: String(limit), ...(text === '' ? {} : { text }) });
    return (await admin(`recordings?${asked.toString()}`, { signal })) as AdminRecordings;
  },
  changeRecording: (id: string, form: RecordingForm) => admin(`recordings/${id}`, { method: 'PATCH', body: form }),
  viewerLink: async (id: string, lifetimeSeconds: number) => {
    const { watchPath } = (await admin(`recordings/${id}/viewer-tokens`, { method: 'POST', body: { lifetimeSeconds } })) as { watchPath: string };
    return new URL(watchPath, location.href).href;
  },
  removeRecording: (id: string) => admin(`recordings/${id}`, { method: 'DELETE' }),
  uploads: async (signal: AbortSignal) => (await admin('uploads', { signal })) as AdminUploads,
  upload: (file: File, form: RecordingForm) => {
    const query = new URLSearchParams({ name: file.name, title: form.title, description: form.description, private: form.isPrivate ? 'yes' : 'no' });
    for (const tag of form.tags) query.append('tag', tag);
    return admin(`recordings?${query.toString()}`, { method: 'POST', file });
  },
  dismissUpload: (id: string) => admin(`uploads/${id}`, { method: 'DELETE' }),
  stats: async (signal: AbortSignal) => (await admin('stats', { signal })) as OriginStats,
} as const;

function admin(path: string, request: JsonRequest): Promise<unknown> {
  return requestJson(`/api/admin/${path}`, request);
}
