import type { ReactElement } from 'react';
import type { StudioSubject } from './studio-channel.js';

type ChannelChoiceProps = Omit<Extract<StudioSubject, { readonly kind: 'choice' }>, 'kind'> & { readonly named: string | undefined };

/** Where nobody can go live on the channel that is meant, or none is: what to do, and the others. */
export function ChannelChoice({ named, channels, isLoggedIn, elsewhere }: ChannelChoiceProps): ReactElement {
  return (
    <div className="studio-note">
      <h2>{headingOf({ named, elsewhere })}</h2>
      {elsewhere !== undefined && (
        <p>
          To go live on it from here, start the origin with <code>npm start -- --input whip</code>; of a channel that was made on the page for{' '}
          <a href="/admin">administration</a>, choose “WHIP and the studio” there.
        </p>
      )}
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
      {elsewhere === undefined && <Otherwise isAny={channels.length > 0} isLoggedIn={isLoggedIn} />}
    </div>
  );
}

function headingOf({ named, elsewhere }: Pick<ChannelChoiceProps, 'named' | 'elsewhere'>): string {
  if (elsewhere !== undefined) return `“${elsewhere}” takes its picture from elsewhere`;
  return named === undefined ? 'Which channel?' : `There is no channel “${named}”`;
}

/** What to do without one of those that are shown. */
function Otherwise({ isAny, isLoggedIn }: { readonly isAny: boolean; readonly isLoggedIn: boolean }): ReactElement {
  if (isLoggedIn) {
    return (
      <p>
        {!isAny && 'No channel takes its picture from the studio. '}
        {isAny ? 'Make another' : 'Make one'} on the page for <a href="/admin">administration</a>: its picture comes from “WHIP and the studio”.
      </p>
    );
  }
  return (
    <p>
      {!isAny && 'No channel that everybody may see takes its picture from the studio. '}
      If you have the stream key of another, open <code>/studio/</code> with its name behind it; if you have the password, <a href="/admin">log in</a> and come back.
    </p>
  );
}
