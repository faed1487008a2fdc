import { useCallback, useState, type ReactElement } from 'react';
import { CopyField } from '../components/copy-field.js';
import { Dialog } from '../components/dialog.js';
import { LiveBadge } from '../components/live-badge.js';
import { formatBytes, formatShare, viewerCount } from '../format.js';
import { usePolled } from '../use-polled.js';
import { adminApi, type AdminChannel } from './admin-api.js';
import { ChannelForm } from './channel-form.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { useTask } from './use-task.js';

const REFRESH_MS = 3_000;

/** What is open over the list. */
type Open =
  | { readonly kind: 'new' }
  | { readonly kind: 'change' | 'remove' | 'rotate' | 'audience'; readonly channel: AdminChannel }
  | { readonly kind: 'key'; readonly slug: string; readonly streamKey: string };

/** All channels, and what can be done with them. */
export function ChannelsSection(): ReactElement {
  const [version, setVersion] = useState(0);
  const { value: channels, error } = usePolled(adminApi.channels, REFRESH_MS, version);
  const [open, setOpen] = useState<Open>();
  const done = (next?: Open): void => {
    setOpen(next);
    setVersion((current) => current + 1);
  };
  return (
    <section aria-labelledby="channels-title">
      <div className="section-head">
        <h1 id="channels-title">Channels</h1>
        <button type="button" className="button" onClick={() => setOpen({ kind: 'new' })}>
          New channel
        </button>
      </div>
      <p className="muted" role="status">
        {error ? `${error.message} Trying again …` : channels?.length === 0 && 'There is no channel yet. Make the first.'}
      </p>
      <ul className="rows">
        {channels?.map((channel) => (
          <li key={channel.slug}>
            <ChannelRow channel={channel} onOpen={setOpen} onChanged={() => done()} />
          </li>
        ))}
      </ul>
      {open && <OpenDialog open={open} onDone={done} />}
    </section>
  );
}

type ChannelRowProps = {
  readonly channel: AdminChannel;
  readonly onOpen: (open: Open) => void;
  readonly onChanged: () => void;
};

function ChannelRow({ channel, onOpen, onChanged }: ChannelRowProps): ReactElement {
  const { isBusy, problem, run } = useTask();
  const { slug, title, isStarted, isInConfiguration } = channel;
  return (
    <article className="card row" aria-label={title}>
      <div className="row-text">
        <h2>
          <a href={channel.watchPath}>{title}</a>
        </h2>
        <p className="stream-meta">
          <LiveBadge state={channel.state} />
          <span>{viewerCount(channel.viewers)}</span>
          <code>{slug}</code>
          <span>{inputText(channel)}</span>
          {channel.isPrivate && <span>private</span>}
        </p>
        {isInConfiguration && <p className="hint">Defined by flags or the configuration file: its settings are changed there.</p>}
        {problem !== undefined && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
      </div>
      <div className="row-actions">
        <button type="button" className="button button-quiet" disabled={isBusy} onClick={() => void run(() => adminApi.setStarted(slug, !isStarted)).then(onChanged)}>
          {isStarted ? 'Stop' : 'Start'}
        </button>
        {channel.input === 'whip' && isStarted && (
          <a className="button button-quiet" href={`/studio/${slug}`}>
            Studio
          </a>
        )}
        <button type="button" className="button button-quiet" onClick={() => onOpen({ kind: 'audience', channel })}>
          Audience
        </button>
        {!isInConfiguration && (
          <>
            <button type="button" className="button button-quiet" onClick={() => onOpen({ kind: 'change', channel })}>
              Change
            </button>
            <button type="button" className="button button-quiet" onClick={() => onOpen({ kind: 'rotate', channel })}>
              New key
            </button>
            <button type="button" className="button button-quiet text-danger" onClick={() => onOpen({ kind: 'remove', channel })}>
              Delete
            </button>
          </>
        )}
      </div>
    </article>
  );
}

function inputText({ input, isStarted, hasPublisher }: AdminChannel): string {
  if (!isStarted) return `${input}, stopped`;
  return input === 'rtmp' || input === 'whip' ? `${input}, ${hasPublisher ? 'somebody publishes' : 'nobody publishes'}` : input;
}

function OpenDialog({ open, onDone }: { readonly open: Open; readonly onDone: (next?: Open) => void }): ReactElement {
  switch (open.kind) {
    case 'new':
      return (
        <Dialog title="New channel" onClose={() => onDone()}>
          <ChannelForm channel={undefined} onDone={(made) => onDone(made && { kind: 'key', ...made })} />
        </Dialog>
      );
    case 'change':
      return (
        <Dialog title={`Change “${open.channel.title}”`} onClose={() => onDone()}>
          <ChannelForm channel={open.channel} onDone={() => onDone()} />
        </Dialog>
      );
    case 'key':
      return (
        <Dialog title="Stream key" onClose={() => onDone()}>
          <p className="muted">Whoever has it can publish as “{open.slug}”. It is shown this once: copy it now.</p>
          <CopyField label="Stream key" value={open.streamKey} />
          <div className="actions">
            <button type="button" className="button" onClick={() => onDone()}>
              I have it
            </button>
          </div>
        </Dialog>
      );
    case 'rotate':
      return <RotateDialog channel={open.channel} onDone={onDone} />;
    case 'remove':
      return (
        <ConfirmDialog title={`Delete “${open.channel.title}”?`} action="Delete channel" work={() => adminApi.remove(open.channel.slug)} onClose={() => onDone()}>
          The channel and all its media are gone then, and its links lead nowhere. This cannot be undone.
        </ConfirmDialog>
      );
    case 'audience':
      return <AudienceDialog channel={open.channel} onClose={() => onDone()} />;
  }
}

function RotateDialog({ channel, onDone }: { readonly channel: AdminChannel; readonly onDone: (next?: Open) => void }): ReactElement {
  const { isBusy, problem, run } = useTask();
  const rotate = async (): Promise<void> => onDone({ kind: 'key', slug: channel.slug, streamKey: await adminApi.rotateKey(channel.slug) });
  return (
    <Dialog title={`New stream key for “${channel.title}”?`} onClose={() => onDone()}>
      <p className="muted">Whoever publishes with the old one is sent away at once.</p>
      <p className="problem" role="alert">
        {problem}
      </p>
      <div className="actions">
        <button type="button" className="button button-quiet" autoFocus onClick={() => onDone()}>
          Cancel
        </button>
        <button type="button" className="button button-danger" disabled={isBusy} onClick={() => void run(rotate)}>
          Make a new key
        </button>
      </div>
    </Dialog>
  );
}

function AudienceDialog({ channel, onClose }: { readonly channel: AdminChannel; readonly onClose: () => void }): ReactElement {
  const fetcher = useCallback((signal: AbortSignal) => adminApi.audience(channel.slug, signal), [channel.slug]);
  const { value: audience, error } = usePolled(fetcher, REFRESH_MS);
  const bytes = audience ? audience.originBytes + audience.peerBytes + audience.seederBytes : 0;
  return (
    <Dialog title={`Who watches “${channel.title}”`} onClose={onClose}>
      {error && <p className="problem">{error.message}</p>}
      {audience && (
        <dl className="facts">
          <Fact label="Viewers now" value={String(audience.viewers)} />
          <Fact label="Seeders" value={String(audience.seeders)} />
          <Fact label="Joins since the start" value={String(audience.joins)} />
          <Fact label="From peers" value={formatBytes(audience.peerBytes)} />
          <Fact label="From the origin" value={formatBytes(audience.originBytes + audience.seederBytes)} />
          <Fact label="Peers carry" value={formatShare(bytes === 0 ? undefined : audience.peerBytes / bytes)} />
        </dl>
      )}
    </Dialog>
  );
}

/** One named value. */
export function Fact({ label, value }: { readonly label: string; readonly value: string }): ReactElement {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
