import { useId, useState, type ReactElement } from 'react';
import { adminApi, type AdminChannel, type ChannelForm as Values } from './admin-api.js';
import { useTask } from './use-task.js';

/** Inputs that need no address of their own. */
const KINDS = [
  ['rtmp', 'RTMP: OBS, a phone, an encoder'],
  ['whip', 'WHIP and the studio: a browser, OBS 30 and newer'],
  ['testcard', 'Test card'],
  ['none', 'Nothing yet'],
] as const;
const OTHER = 'other';

type ChannelFormProps = {
  /** The channel to change; undefined: a new one. */
  readonly channel: AdminChannel | undefined;
  /** Called with the stream key where a channel was made. */
  readonly onDone: (made?: { readonly slug: string; readonly streamKey: string }) => void;
};

/** Makes a channel, or changes one. */
export function ChannelForm({ channel, onDone }: ChannelFormProps): ReactElement {
  const id = useId();
  const isWord = KINDS.some(([kind]) => kind === (channel?.input ?? 'rtmp'));
  const [slug, setSlug] = useState(channel?.slug ?? '');
  const [title, setTitle] = useState(channel?.title ?? '');
  const [description, setDescription] = useState(channel?.description ?? '');
  const [tags, setTags] = useState(channel?.tags.join(', ') ?? '');
  const [kind, setKind] = useState(isWord ? (channel?.input ?? 'rtmp') : OTHER);
  const [address, setAddress] = useState(isWord ? '' : (channel?.input ?? ''));
  const [isPrivate, setIsPrivate] = useState(channel?.isPrivate ?? false);
  const { isBusy, problem, run } = useTask();

  const save = async (): Promise<void> => {
    const values: Values = {
      ...(title.trim() === '' ? {} : { title: title.trim() }),
      description: description.trim(),
      tags: tagsOf(tags),
      input: kind === OTHER ? address.trim() : kind,
      isPrivate,
    };
    if (channel) {
      await adminApi.change(channel.slug, values);
      onDone();
    } else {
      const { streamKey } = await adminApi.create({ ...values, slug: slug.trim() });
      onDone({ slug: slug.trim(), streamKey });
    }
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void run(save);
      }}
    >
      {!channel && (
        <div className="field">
          <label htmlFor={`${id}-slug`}>Name in addresses</label>
          <input
            id={`${id}-slug`}
            className="input"
            required
            maxLength={64}
            pattern="[a-z0-9]+(-[a-z0-9]+)*"
            title="a–z, 0–9 and inner hyphens"
            placeholder="my-channel"
            autoComplete="off"
            value={slug}
            onChange={(event) => setSlug(event.target.value)}
          />
          <p className="hint">a–z, 0–9 and inner hyphens. It cannot be changed later.</p>
        </div>
      )}
      <div className="field">
        <label htmlFor={`${id}-title`}>Title</label>
        <input id={`${id}-title`} className="input" maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-description`}>Description</label>
        <textarea id={`${id}-description`} className="input" rows={3} maxLength={5000} value={description} onChange={(event) => setDescription(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-tags`}>Tags</label>
        <input id={`${id}-tags`} className="input" placeholder="music, talk" value={tags} onChange={(event) => setTags(event.target.value)} />
        <p className="hint">Separated by commas.</p>
      </div>
      <div className="field">
        <label htmlFor={`${id}-input`}>Where the picture comes from</label>
        <select id={`${id}-input`} className="input" value={kind} onChange={(event) => setKind(event.target.value)}>
          {KINDS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          <option value={OTHER}>SRT, another HLS stream, a file …</option>
        </select>
      </div>
      {kind === OTHER && (
        <div className="field">
          <label htmlFor={`${id}-address`}>Address</label>
          <input id={`${id}-address`} className="input" required placeholder="srt:8890" value={address} onChange={(event) => setAddress(event.target.value)} />
          <p className="hint">
            <code>srt:&lt;port&gt;</code>, <code>hls:&lt;address of a playlist&gt;</code>, or a file on the server.
          </p>
        </div>
      )}
      <label className="check">
        <input type="checkbox" checked={isPrivate} onChange={(event) => setIsPrivate(event.target.checked)} />
        <span>Private: viewers need a token, and it is in no list</span>
      </label>
      <p className="problem" role="alert">
        {problem}
      </p>
      <div className="actions">
        <button type="button" className="button button-quiet" onClick={() => onDone()}>
          Cancel
        </button>
        <button type="submit" className="button" disabled={isBusy}>
          {buttonText(isBusy, channel !== undefined)}
        </button>
      </div>
    </form>
  );
}

/** The tags in a text with commas. */
export function tagsOf(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()).filter((tag) => tag !== ''))];
}

function buttonText(isBusy: boolean, isChange: boolean): string {
  if (isBusy) return 'Saving …';
  return isChange ? 'Save' : 'Create channel';
}
