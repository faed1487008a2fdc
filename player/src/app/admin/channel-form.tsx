import { useId, useState, type ReactElement } from 'react';
import { adminApi, type AdminChannel, type ChannelForm as Values } from './admin-api.js';
import { DescribedFields, NOT_DESCRIBED, PrivateField, sentFrom, typedFrom } from './described-fields.js';
import { FormFoot } from './form-foot.js';
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
  const [described, setDescribed] = useState(channel ? typedFrom(channel) : NOT_DESCRIBED);
  const [kind, setKind] = useState(isWord ? (channel?.input ?? 'rtmp') : OTHER);
  const [address, setAddress] = useState(isWord ? '' : (channel?.input ?? ''));
  const { isBusy, problem, run } = useTask();

  const save = async (): Promise<void> => {
    const { title, ...others } = sentFrom(described);
    const values: Values = { ...(title === '' ? {} : { title }), ...others, input: kind === OTHER ? address.trim() : kind };
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
      <DescribedFields value={described} onChange={setDescribed} />
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
      <PrivateField value={described} onChange={setDescribed} />
      <FormFoot problem={problem} isDisabled={isBusy} submitText={buttonText(isBusy, channel !== undefined)} onLeave={() => onDone()} />
    </form>
  );
}

function buttonText(isBusy: boolean, isChange: boolean): string {
  if (isBusy) return 'Saving …';
  return isChange ? 'Save' : 'Create channel';
}
