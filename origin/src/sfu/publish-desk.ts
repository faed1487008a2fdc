import type { WebRtcSource } from '../ingest/webrtc/webrtc-source.js';
import { PublishSession } from './publish-session.js';
import { ROUTER_CAPABILITIES, type RtpCapabilities } from './rtp-parameters.js';
import type { SfuPort } from './sfu-port.js';

/** A stream that takes publishers over WebRTC. */
export type PublishTarget = {
  /** Whether this is its stream key; in constant time. */
  readonly isStreamKey: (key: string) => boolean;
  /** Undefined: its input is another. */
  readonly source: WebRtcSource | undefined;
  /** Gives the stream another title. */
  readonly retitle: (title: string) => Promise<void>;
};

/** What a {@link PublishDesk} asks of the origin. */
export type PublishDeskOptions = {
  /** Called once, by {@link PublishDesk.prepare} or for the first publisher: most origins never have one over WebRTC. */
  readonly openSfu: () => Promise<SfuPort>;
  /** The stream with this slug; undefined when there is none. */
  readonly targetOf: (slug: string) => PublishTarget | undefined;
};

/** Why a publisher was not let in: an HTTP status and a sentence. */
export type Refusal = { readonly status: 401 | 404 | 409 | 503; readonly message: string };

/** Sessions at once; each is a connection of {@link SfuPort}. */
const MAX_SESSIONS = 32;

const STOPPING: Refusal = { status: 503, message: 'The origin is stopping.' };

/** Lets publishers in who have the key, and keeps their sessions. */
export class PublishDesk {
  readonly #options: PublishDeskOptions;
  #sfu: Promise<SfuPort> | undefined;
  readonly #sessions = new Map<string, PublishSession>();
  /** Those that will be among them. */
  #opening = 0;
  #isClosed = false;

  constructor(options: PublishDeskOptions) {
    this.#options = options;
  }

  /** Opens what takes publishers before the first of them comes, who would wait for it. */
  async prepare(): Promise<void> {
    await (this.#sfu ??= this.#options.openSfu());
  }

  /** What can be published. */
  get capabilities(): RtpCapabilities {
    return ROUTER_CAPABILITIES;
  }

  /** Opens a session, whose connection waits for its client. */
  async open({ slug, key, address }: { readonly slug: string; readonly key: string | undefined; readonly address: string }): Promise<PublishSession | Refusal> {
    const refusal = this.refusalOf(slug, key);
    if (refusal) return refusal;
    const source = this.#options.targetOf(slug)?.source;
    if (!source) return { status: 409, message: 'This stream takes its picture from elsewhere: start it with --input whip.' };
    if (this.#isOver()) return STOPPING;
    if (this.#sessions.size + this.#opening >= MAX_SESSIONS) return { status: 503, message: 'There are too many publishers for the moment.' };
    this.#opening++;
    try {
      const session = await PublishSession.open(await (this.#sfu ??= this.#options.openSfu()), { slug, source, label: address });
      if (this.#isOver()) {
        session.stop();
        return STOPPING;
      }
      this.#sessions.set(session.id, session);
      session.onClosed = () => void this.#sessions.delete(session.id);
      return session;
    } finally {
      this.#opening--;
    }
  }

  /** Why this key does not open this stream. The answer for a stream that is not there needs no key. */
  refusalOf(slug: string, key: string | undefined): Refusal | undefined {
    const target = this.#options.targetOf(slug);
    if (!target) return { status: 404, message: 'There is no such stream.' };
    if (key === undefined) return { status: 401, message: 'A stream key is needed, as a bearer token.' };
    return target.isStreamKey(key) ? undefined : { status: 401, message: 'The stream key is wrong.' };
  }

  /** Gives a stream the title that its publisher wants for it. */
  async retitle(slug: string, title: string): Promise<void> {
    await this.#options.targetOf(slug)?.retitle(title);
  }

  /** The session of a stream with this id. */
  session(slug: string, id: string): PublishSession | undefined {
    const session = this.#sessions.get(id);
    return session?.slug === slug ? session : undefined;
  }

  /** Ends all sessions, and those that are just being opened. */
  close(): void {
    this.#isClosed = true;
    for (const session of [...this.#sessions.values()]) session.stop();
    void this.#sfu?.then((sfu) => sfu.close(), () => undefined);
  }

  /** It may have been closed while something was waited for. */
  #isOver(): boolean {
    return this.#isClosed;
  }
}
