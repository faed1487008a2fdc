import type { ReactElement } from 'react';
import type { StudioChannel } from './studio-channel.js';

type ChannelChoiceProps = { readonly named: string | undefined; readonly channels: readonly StudioChannel[]; readonly isLoggedIn: boolean };

/** Where the address names no channel that there is: the others, or what to do without one. */
export function ChannelChoice({ named, channels, isLoggedIn }: ChannelChoiceProps): ReactElement {
  return (
    <div className="studio-note">
      <h2>{named === undefined ? 'Which channel?' : `There is no channel “${named}”`}</h2>
      {channels.length > 0 && (
        <>
          <p>Go live on</p>
          <ul>
            {channels.map(({ slug, title }) => (
              <li key={slug}>
                <a href={`/studio/${slug}`}>{title ?? slug}</a>
              </li>
            ))}
          </ul>
        </>
      )}
      {isLoggedIn ? (
        <p>
          {channels.length === 0 && 'No channel takes its picture from the studio. '}
          {channels.length === 0 ? 'Make one' : 'Make another'} on the page for <a href="/admin">administration</a>: its picture comes from “WHIP and the studio”.
        </p>
      ) : (
        <p>
          {channels.length === 0 && 'There is no channel that everybody may see. '}
          If you have the stream key of another, open <code>/studio/</code> with its name behind it; if you have the password, <a href="/admin">log in</a> and come back.
        </p>
      )}
    </div>
  );
}
